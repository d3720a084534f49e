package dev.penstock.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.bench.load.LoadGenerator;
import dev.penstock.bench.load.LoadPlan;
import dev.penstock.bench.load.LoadPlan.Protocol;
import dev.penstock.bench.load.LoadResult;
import dev.penstock.bench.workload.Workload;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The generator and the references, as processes, the way the comparison runs them. */
class ReferenceLoadTest {
    private static final long MILLIS = 300;

    @TempDir private Path folder;

    @Test
    void everyReferenceAnswersEveryRequestOfAClosedLoop() throws IOException {
        load("echo", Protocol.HTTP_BINARY, 8, 0);
        load("http", Protocol.HTTP_BINARY, 8, 0);
        load("http", Protocol.HTTP_JSON, 3, 0);
        load("grpc", Protocol.GRPC, 8, 0);
        load("grpc", Protocol.GRPC, 1, 0);
    }

    @Test
    void anOpenLoopSendsAsManyAsAreDue() throws IOException {
        // 300 ms at 500/s: 150 requests, give or take what a Poisson count strays.
        for (Protocol protocol : List.of(Protocol.HTTP_BINARY, Protocol.GRPC)) {
            LoadResult result =
                    load(protocol == Protocol.GRPC ? "grpc" : "http", protocol, 64, 500);
            assertEquals(150, result.good(), 60);
        }
    }

    @Test
    void theReferencesTellWhatTheyAllocatedAndUsed() throws IOException {
        Workload.MLP.install(folder, folder);
        try (ReferenceTarget direct =
                ReferenceTarget.start("direct", Workload.MLP, folder, folder.resolve("log"))) {
            ProcessCpu before = ProcessCpu.of(direct.pid());
            long allocated = direct.allocatedBytes();
            long[] runs = direct.run(MILLIS);
            assertTrue(runs[0] > 0);
            assertTrue(runs[1] > 0);
            assertTrue(direct.allocatedBytes() > allocated);
            assertTrue(ProcessCpu.of(direct.pid()).workSince(before) >= runs[1] / 2);
        }
    }

    private LoadResult load(String kind, Protocol protocol, int concurrency, double perSecond)
            throws IOException {
        Workload.MLP.install(folder, folder);
        Path log = folder.resolve("log");
        List<String> none = List.of();
        try (ReferenceTarget server = ReferenceTarget.start(kind, Workload.MLP, folder, log);
                Child generator = Child.java("generator", LoadGenerator.class, none, none, log)) {
            LoadPlan plan =
                    new LoadPlan(
                            protocol,
                            Workload.MLP,
                            server.port(protocol),
                            concurrency,
                            MILLIS,
                            perSecond);
            LoadResult result = LoadResult.parse(generator.ask(plan.line()));
            assertTrue(result.good() > 0, kind);
            assertEquals(0, result.bad(), kind);
            assertEquals(0, result.unanswered(), kind);
            assertTrue(result.p50Nanos() <= result.p99Nanos());
            return result;
        }
    }
}
