package dev.penstock.cli;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.penstock.lineage.store.MerkleTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/** Checks, here and not by the server, that a proof shows a record in a signed segment. */
final class LineageProof {
    private static final String BEGIN = "-----BEGIN PUBLIC KEY-----";
    private static final String END = "-----END PUBLIC KEY-----";
    private static final int MAX_KEY_BYTES = 16 * 1024;

    private LineageProof() {}

    /**
     * What is wrong with a proof.
     *
     * @param record as the server gave it; the line of the proof must be of the same prediction
     * @param key null leaves the signature unchecked
     * @return null when nothing is
     */
    static @Nullable String fault(JsonNode proof, JsonNode record, @Nullable PublicKey key) {
        try {
            String manifestText = RouteTable.text(proof, "manifest");
            JsonNode manifest = Json.MAPPER.readTree(manifestText);
            byte[] line = Base64.getDecoder().decode(RouteTable.text(proof, "line"));
            JsonNode told = Json.MAPPER.readTree(line);
            if (!RouteTable.text(told, "rid").equals(RouteTable.text(record, "rid"))
                    || told.path("seq").asLong(-1) != record.path("seq").asLong(-2)) {
                return "it is of another record";
            }
            String root = RouteTable.text(manifest, "merkle_root");
            List<byte[]> path = new ArrayList<>();
            proof.path("path")
                    .forEach(each -> path.add(HexFormat.of().parseHex(each.asString(""))));
            boolean isProven =
                    MerkleTree.isProven(
                            line,
                            proof.path("leaf_index").asLong(-1),
                            manifest.path("lines").asLong(0),
                            path,
                            HexFormat.of().parseHex(root));
            if (!isProven) {
                return "its digests do not lead to the root of the manifest";
            }
            byte[] signature = Base64.getDecoder().decode(RouteTable.text(proof, "signature"));
            return key == null || isSigned(manifestText.getBytes(UTF_8), signature, key)
                    ? null
                    : "the manifest is not signed with that key";
        } catch (IllegalArgumentException | JacksonException e) {
            return "it cannot be read: " + e.getMessage();
        }
    }

    private static boolean isSigned(byte[] manifest, byte[] signature, PublicKey key) {
        try {
            Signature ed25519 = Signature.getInstance("Ed25519");
            ed25519.initVerify(key);
            ed25519.update(manifest);
            return ed25519.verify(signature);
        } catch (GeneralSecurityException e) {
            return false;
        }
    }

    /**
     * Reads a public key in PEM.
     *
     * @throws CommandFailure when it is none
     */
    static PublicKey key(Path file) {
        try {
            if (Files.size(file) > MAX_KEY_BYTES) {
                throw CommandFailure.usage(file + " is too large for a key", null);
            }
            String text = Files.readString(file, US_ASCII);
            int begin = text.indexOf(BEGIN);
            int end = text.indexOf(END);
            if (begin < 0 || end < begin) {
                throw CommandFailure.usage(
                        file + " is no public key in PEM", "DATA/keys/lineage.ed25519.pub is one");
            }
            String body = text.substring(begin + BEGIN.length(), end);
            return KeyFactory.getInstance("Ed25519")
                    .generatePublic(new X509EncodedKeySpec(Base64.getMimeDecoder().decode(body)));
        } catch (IOException e) {
            throw CommandFailure.usage("cannot read " + file, Failures.reason(e));
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            throw CommandFailure.usage(
                    file + " is no Ed25519 key", "DATA/keys/lineage.ed25519.pub is one");
        }
    }
}
