package dev.penstock.replay;

/** Is told how far a replay is, and may end it. */
public interface Progress {
    /** Records that are to be replayed are known; {@code records} is the most there can be. */
    void begins(long records);

    /** So many records were looked at. */
    void at(long records);

    /**
     * Waits, or looks whether to go on when there is nothing to wait for.
     *
     * @throws InterruptedException when the replay is to end
     */
    void pause(long nanos) throws InterruptedException;
}
