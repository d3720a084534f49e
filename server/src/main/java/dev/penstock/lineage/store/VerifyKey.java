package dev.penstock.lineage.store;

import dev.penstock.journal.DurableFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;

/** The public half of the key that manifests are signed with. */
record VerifyKey(PublicKey key, String id) {
    /** Reads a PEM file. */
    static VerifyKey read(DurableFiles files, Path file) throws IOException {
        byte[] encoded = SigningKey.read(files, file, SigningKey.PUBLIC_LABEL);
        try {
            PublicKey key =
                    KeyFactory.getInstance(SigningKey.ALGORITHM)
                            .generatePublic(new X509EncodedKeySpec(encoded));
            return new VerifyKey(key, SigningKey.id(key));
        } catch (GeneralSecurityException e) {
            throw new IOException(file + " is not an Ed25519 key", e);
        }
    }

    boolean isSignature(byte[] bytes, byte[] signed) {
        try {
            Signature signature = Signature.getInstance(SigningKey.ALGORITHM);
            signature.initVerify(key);
            signature.update(bytes);
            return signature.verify(signed);
        } catch (GeneralSecurityException e) {
            return false;
        }
    }
}
