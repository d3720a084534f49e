package dev.penstock.lineage.store;

/** How much the disk still has room for. */
public enum Room {
    /** Whole records. */
    VALUES,
    /** Records without the values of tensors. */
    METADATA,
    /** No record. */
    NOTHING
}
