package dev.penstock.lineage.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

final class MerkleTreeTest {
    private static final HexFormat HEX = HexFormat.of();

    // The eight leaves that the reference implementation of Certificate Transparency tests with.
    private static final List<byte[]> LEAVES =
            List.of(
                            "",
                            "00",
                            "10",
                            "2021",
                            "3031",
                            "40414243",
                            "5051525354555657",
                            "606162636465666768696a6b6c6d6e6f")
                    .stream()
                    .map(HEX::parseHex)
                    .toList();

    // Roots of the first 0, 1, … 8 of them. Each was computed in Python from the definition alone:
    //   def mth(l): n = len(l)
    //     if n == 0: return sha256(b"")
    //     if n == 1: return sha256(b"\0" + l[0])
    //     k = largest power of two below n
    //     return sha256(b"\1" + mth(l[:k]) + mth(l[k:]))
    // The last is the 5dc9da79… that the reference implementation expects as well.
    private static final List<String> ROOTS =
            List.of(
                    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");

    private static MerkleTree tree(MerkleTree tree, int leaves) {
        LEAVES.subList(0, leaves).forEach(leaf -> tree.add(leaf, 0, leaf.length));
        return tree;
    }

    private static List<String> path(int leaf, int leaves) {
        return tree(MerkleTree.proving(leaf), leaves).path().stream().map(HEX::formatHex).toList();
    }

    @Test
    void theRootsAreThoseOfTheDefinition() {
        for (int n = 0; n <= LEAVES.size(); n++) {
            assertEquals(ROOTS.get(n), HEX.formatHex(tree(new MerkleTree(), n).root()));
        }
    }

    @Test
    void theRootMayBeAskedForBetweenLeaves() {
        MerkleTree tree = new MerkleTree();
        for (int n = 0; n < LEAVES.size(); n++) {
            assertEquals(ROOTS.get(n), HEX.formatHex(tree.root()));
            tree.add(LEAVES.get(n), 0, LEAVES.get(n).length);
        }
        assertEquals(8, tree.size());
    }

    @Test
    void aLeafIsARangeOfBytes() {
        MerkleTree tree = new MerkleTree();
        tree.add(new byte[] {9, 9}, 1, 0);
        tree.add(new byte[] {9, 0, 9}, 1, 1);
        assertEquals(ROOTS.get(2), HEX.formatHex(tree.root()));
    }

    // From PATH of RFC 6962 §2.1.1, by the same kind of recursion in Python.
    @Test
    void thePathsAreThoseOfTheDefinition() {
        assertEquals(
                List.of(
                        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"),
                path(0, 8));
        assertEquals(
                List.of(
                        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
                path(5, 8));
        assertEquals(
                List.of("fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
                path(2, 3));
        assertEquals(
                List.of(
                        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
                path(6, 7));
    }

    @Test
    void everyLeafOfEverySizeIsProvenAndNothingElseIs() {
        for (int n = 1; n <= LEAVES.size(); n++) {
            byte[] root = HEX.parseHex(ROOTS.get(n));
            for (int i = 0; i < n; i++) {
                List<byte[]> path = tree(MerkleTree.proving(i), n).path();
                assertTrue(MerkleTree.isProven(LEAVES.get(i), i, n, path, root), i + " of " + n);
                for (int j = 0; j < LEAVES.size(); j++) {
                    boolean isSame = i == j;
                    assertEquals(
                            isSame, MerkleTree.isProven(LEAVES.get(j), i, n, path, root), "leaf");
                    assertEquals(
                            isSame, MerkleTree.isProven(LEAVES.get(i), j, n, path, root), "index");
                }
                assertFalse(MerkleTree.isProven(LEAVES.get(i), i, n, longer(path), root));
                if (n > 1) {
                    assertFalse(MerkleTree.isProven(LEAVES.get(i), i, n, shorter(path), root));
                }
            }
        }
    }

    private static List<byte[]> longer(List<byte[]> path) {
        List<byte[]> longer = new ArrayList<>(path);
        longer.add(new byte[32]);
        return longer;
    }

    private static List<byte[]> shorter(List<byte[]> path) {
        return path.subList(0, path.size() - 1);
    }

    @Test
    void aLeafThatWasNotAddedHasNoPath() {
        assertThrows(IllegalStateException.class, () -> tree(MerkleTree.proving(3), 3).path());
        assertThrows(IllegalStateException.class, () -> tree(new MerkleTree(), 3).path());
        assertThrows(IllegalArgumentException.class, () -> MerkleTree.proving(-1));
        assertFalse(MerkleTree.isProven(new byte[0], 0, 0, List.of(), new byte[32]));
        assertArrayEquals(new byte[0], LEAVES.getFirst());
    }
}
