package dev.penstock.bench.load;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.penstock.bench.workload.Workload;
import org.junit.jupiter.api.Test;

class LoadPlanTest {
    @Test
    void plansAndResultsSurviveTheirLine() {
        LoadPlan plan =
                new LoadPlan(LoadPlan.Protocol.GRPC, Workload.WIDE, 21_000, 8, 1_500, 2_000.5);
        assertEquals(plan, LoadPlan.parse(plan.line()));
        LoadResult result = new LoadResult(1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
        assertEquals(result, LoadResult.parse(result.line()));
    }
}
