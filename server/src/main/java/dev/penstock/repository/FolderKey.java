package dev.penstock.repository;

/**
 * Which folder it is, whatever its name. The time of birth is in it because an inode's number is
 * given out again after a folder was removed.
 */
record FolderKey(long device, long inode, long bornNanos) {}
