package dev.penstock.bench.load;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;

/**
 * The generator as a process: one plan a line on its standard input, one result a line on its
 * standard output. It lives through all rounds, so that its own code is compiled once.
 */
public final class LoadGenerator {
    private LoadGenerator() {}

    public static void main(String[] args) throws IOException {
        BufferedReader plans =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        for (String line = plans.readLine(); line != null; line = plans.readLine()) {
            System.out.println(run(LoadPlan.parse(line)).line());
            System.out.flush();
        }
    }

    /** Opens connections, runs the plan on this thread, closes them. */
    static LoadResult run(LoadPlan plan) throws IOException {
        try (LoadLoop loop = new LoadLoop(plan)) {
            return loop.run();
        }
    }
}
