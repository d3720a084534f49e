package dev.penstock.lineage.store;

import static dev.penstock.runtime.Check.require;

import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The Merkle tree of RFC 6962 §2.1 over a run of leaves, built while they pass by.
 *
 * <p>A leaf's hash is SHA-256(0x00 ‖ leaf), a node's SHA-256(0x01 ‖ left ‖ right); n leaves split
 * at the largest power of two below n. Only the roots of the perfect trees so far are kept, one for
 * each bit that is set in the number of leaves, so memory is O(log n). A tree that was told before
 * which leaf to prove collects the sibling of each node above that leaf on the way.
 *
 * <p>For one thread.
 */
public final class MerkleTree {
    private static final byte LEAF = 0;
    private static final byte NODE = 1;
    private static final long NO_LEAF = -1;

    /** The root of 2^level leaves that follow each other. */
    private record Perfect(Hash hash, int level, boolean holdsProven) {}

    /** Keeps an array out of a record's equality. */
    private static final class Hash {
        private final byte[] bytes;

        Hash(byte[] bytes) {
            this.bytes = bytes;
        }
    }

    private final MessageDigest sha256 = Sha256.digest();
    private final List<Perfect> roots = new ArrayList<>();
    private final long proven;
    private final List<byte[]> path = new ArrayList<>();
    private long size;

    /** A tree that gives its root. */
    public MerkleTree() {
        this.proven = NO_LEAF;
    }

    private MerkleTree(long proven) {
        this.proven = proven;
    }

    /** A tree that gives its root, and the proof of one leaf, which is still to be added. */
    public static MerkleTree proving(long leafIndex) {
        require(leafIndex >= 0, "leaf index is %d", leafIndex);
        return new MerkleTree(leafIndex);
    }

    /** Adds the next leaf, which is not kept. */
    public void add(byte[] bytes, int from, int length) {
        sha256.update(LEAF);
        sha256.update(bytes, from, length);
        Perfect last = new Perfect(new Hash(sha256.digest()), 0, size == proven);
        while (!roots.isEmpty() && roots.getLast().level() == last.level()) {
            last = join(roots.removeLast(), last, path);
        }
        roots.add(last);
        size++;
    }

    private Perfect join(Perfect left, Perfect right, List<byte[]> into) {
        if (left.holdsProven()) {
            into.add(right.hash().bytes);
        } else if (right.holdsProven()) {
            into.add(left.hash().bytes);
        }
        byte[] hash = node(sha256, left.hash().bytes, right.hash().bytes);
        boolean holdsProven = left.holdsProven() || right.holdsProven();
        return new Perfect(new Hash(hash), left.level() + 1, holdsProven);
    }

    /** How many leaves there are. */
    public long size() {
        return size;
    }

    /** The root over the leaves so far, 32 bytes; more leaves may follow. */
    public byte[] root() {
        return fold(new ArrayList<>());
    }

    /**
     * The proof of the leaf that {@link #proving} named, among the leaves so far: the hashes of the
     * siblings from the leaf up to the root.
     *
     * @throws IllegalStateException if that leaf was not added
     */
    public List<byte[]> path() {
        if (proven == NO_LEAF || proven >= size) {
            throw new IllegalStateException("leaf " + proven + " is not among " + size + " leaves");
        }
        List<byte[]> whole = new ArrayList<>(path);
        var _ = fold(whole);
        return whole;
    }

    private byte[] fold(List<byte[]> into) {
        if (roots.isEmpty()) {
            return sha256.digest();
        }
        Perfect root = roots.getLast();
        for (int i = roots.size() - 2; i >= 0; i--) {
            root = join(roots.get(i), root, into);
        }
        return root.hash().bytes.clone();
    }

    /**
     * Whether a leaf is the one with this index in a tree of that size and root, by the algorithm
     * of RFC 9162 §2.1.3.2.
     */
    public static boolean isProven(
            byte[] leaf, long leafIndex, long treeSize, List<byte[]> path, byte[] root) {
        if (leafIndex < 0 || leafIndex >= treeSize) {
            return false;
        }
        MessageDigest sha256 = Sha256.digest();
        sha256.update(LEAF);
        byte[] hash = sha256.digest(leaf);
        long at = leafIndex;
        long last = treeSize - 1;
        for (byte[] sibling : path) {
            if (last == 0) {
                return false;
            }
            if ((at & 1) == 1 || at == last) {
                hash = node(sha256, sibling, hash);
                while ((at & 1) == 0 && at != 0) {
                    at >>= 1;
                    last >>= 1;
                }
            } else {
                hash = node(sha256, hash, sibling);
            }
            at >>= 1;
            last >>= 1;
        }
        return last == 0 && Arrays.equals(hash, root);
    }

    private static byte[] node(MessageDigest sha256, byte[] left, byte[] right) {
        sha256.update(NODE);
        sha256.update(left);
        return sha256.digest(right);
    }
}
