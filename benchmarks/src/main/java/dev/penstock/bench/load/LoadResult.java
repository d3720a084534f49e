package dev.penstock.bench.load;

/**
 * What one run of load saw. Latencies count from when a request was due: in a closed loop that is
 * when it was sent, in an open loop it may be earlier, so that a stall of the server is not hidden.
 *
 * @param good requests answered well
 * @param bad requests answered otherwise
 * @param unanswered requests due and still without an answer some seconds after the end
 * @param wallNanos from the first request to the last answer
 * @param lagP99Nanos 99 % of the requests were sent at most so long after they were due: when this
 *     is no longer small beside the latencies, it was the generator that could not keep up
 */
public record LoadResult(
        long good,
        long bad,
        long unanswered,
        long wallNanos,
        long p50Nanos,
        long p90Nanos,
        long p99Nanos,
        long p999Nanos,
        long maxNanos,
        long lagP99Nanos) {
    public double perSecond() {
        return good * 1e9 / wallNanos;
    }

    String line() {
        return good
                + " "
                + bad
                + " "
                + unanswered
                + " "
                + wallNanos
                + " "
                + p50Nanos
                + " "
                + p90Nanos
                + " "
                + p99Nanos
                + " "
                + p999Nanos
                + " "
                + maxNanos
                + " "
                + lagP99Nanos;
    }

    public static LoadResult parse(String line) {
        String[] words = line.split(" ");
        long[] n = new long[words.length];
        for (int i = 0; i < n.length; i++) {
            n[i] = Long.parseLong(words[i]);
        }
        return new LoadResult(n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7], n[8], n[9]);
    }
}
