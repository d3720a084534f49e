package dev.penstock.serving;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.FakeSession;
import dev.penstock.OnnxModel;
import dev.penstock.RecordingReply;
import dev.penstock.inference.InferResponse;
import dev.penstock.inference.ModelRef;
import dev.penstock.inference.ShadowVerdict;
import dev.penstock.inference.ShedReason;
import dev.penstock.repository.LiveVersion;
import dev.penstock.routing.Arm;
import dev.penstock.routing.Role;
import dev.penstock.routing.Route;
import dev.penstock.routing.RoutingKey;
import dev.penstock.routing.Rule;
import dev.penstock.routing.Shadow;
import dev.penstock.runtime.Deadline;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
final class AfterAnswerTest {
    private static final byte[] ADD_ONE = OnnxModel.addConstant(1, -1);

    @Test
    void aShadowIsAskedTheSameAndCompared() throws Exception {
        try (ShadowFixture m = new ShadowFixture()) {
            m.turn(1, ADD_ONE);
            m.turn(2, OnnxModel.addConstant(1.0001f, -1));
            m.route(2, 1);
            m.start();
            // 1001 against 1001.0001 is within 1e-3; 1 against 1.0001 is too: 1e-4 of 1.01e-3.
            assertInstanceOf(InferResponse.class, m.ask(1000));
            assertInstanceOf(InferResponse.class, m.ask(0));
            // 0 against 1e-4: allowed is 1e-5.
            assertInstanceOf(InferResponse.class, m.ask(-1));
            m.awaitDue(3);
            assertEquals(2, m.pairs(ShadowVerdict.WITHIN_TOLERANCE));
            assertEquals(1, m.pairs(ShadowVerdict.DIFF));
            ShadowReport report = m.report();
            assertEquals("m", report.model());
            assertEquals(1, report.primary());
            assertEquals(2, report.shadow());
            assertEquals(1, report.worst().size());
            assertEquals("y", report.worst().getFirst().output());
            // 1e-4 / 1e-5, where 1.0001 as FP32 is 1.00010001659.
            assertEquals(10.0, report.worst().getFirst().distance(), 0.01);
            assertEquals(36, report.worst().getFirst().prediction().length());
            assertEquals(3, report.outputs().getFirst().pairs());
            String scrape = m.telemetry.scrape();
            assertTrue(
                    scrape.contains(
                            "penstock_shadow_pairs_total{model=\"m\",verdict=\"diff\",version=\"2\"} 1.0"),
                    scrape);
        }
    }

    @Test
    void anEqualShadowIsEqual() throws Exception {
        try (ShadowFixture m = new ShadowFixture()) {
            m.turn(1, ADD_ONE);
            m.turn(2, ADD_ONE);
            m.route(2, 1);
            m.start();
            for (int i = 0; i < 100; i++) {
                m.ask(i, 2);
                m.awaitDue(i + 1);
            }
            assertEquals(100, m.pairs(ShadowVerdict.EQUAL));
        }
    }

    @Test
    void theFractionIsDrawnByThePredictionsId() throws Exception {
        try (ShadowFixture m = new ShadowFixture()) {
            m.turn(1, ADD_ONE);
            m.turn(2, ADD_ONE);
            m.route(2, 0.25);
            m.start();
            long due = 0;
            for (int i = 0; i < 400; i++) {
                RecordingReply reply = new RecordingReply();
                var exchange =
                        m.service.accept(m.request(new ModelRef("m", ModelRef.ANY), 1), reply);
                // The definition, written out: SHA-256("shd:salt|" + id), first 13 hex digits.
                byte[] digest =
                        java.security.MessageDigest.getInstance("SHA-256")
                                .digest(("shd:salt|" + exchange.id()).getBytes(UTF_8));
                String hex = java.util.HexFormat.of().formatHex(digest).substring(0, 13);
                due += Long.parseLong(hex, 16) < 0.25 * Math.pow(2, 52) ? 1 : 0;
                assertInstanceOf(InferResponse.class, reply.await());
            }
            m.awaitDue(due);
            assertEquals(due, m.report().due());
            assertTrue(due > 60 && due < 140, "due " + due);
        }
    }

    @Test
    void noRouteNoShadowAndNothingKept() throws Exception {
        try (ShadowFixture m = new ShadowFixture()) {
            m.turn(1, ADD_ONE);
            m.turn(2, ADD_ONE);
            m.publish(null);
            m.start();
            m.ask(1);
            m.route(1, 1);
            // The version that answers is not compared with itself.
            m.ask(1);
            m.route(2, 1);
            // Nor is what the caller pinned.
            m.ask(new ModelRef("m", 1), 1);
            assertEquals(List.of(), m.after.reports());
            assertEquals(0, m.pool.bytesOut());
        }
    }

    @Test
    void whatARulePinsIsNotCompared() throws Exception {
        try (ShadowFixture m = new ShadowFixture()) {
            m.turn(1, ADD_ONE);
            m.turn(2, ADD_ONE);
            m.publish(
                    new Route(
                            List.of(new Arm("stable", 1, Role.STABLE, Arm.ALL_BP)),
                            new RoutingKey.Prediction(),
                            List.of(
                                    new Rule(Rule.On.PARAMETER, "pin", "1", null, 1),
                                    new Rule(Rule.On.PARAMETER, "arm", "1", "stable", 0)),
                            new Shadow(2, 1),
                            "salt"));
            m.start();
            m.askWith("pin", "1");
            assertEquals(List.of(), m.after.reports());
            m.askWith("arm", "1");
            m.awaitDue(1);
            assertEquals(1, m.report().due());
        }
    }

    @Test
    void aShadowThatFailsIsCountedAndNotFelt() throws Exception {
        try (ShadowFixture m = new ShadowFixture()) {
            m.turn(1, ADD_ONE);
            FakeSession broken = m.open.push(new FakeSession());
            broken.fails = true;
            m.turn(2, broken);
            m.route(2, 1);
            m.start();
            for (int i = 0; i < 50; i++) {
                assertInstanceOf(InferResponse.class, m.ask(i));
            }
            m.awaitDue(50);
            assertEquals(50, m.pairs(ShadowVerdict.SHADOW_ERROR) + m.pairs(ShadowVerdict.SHED));
            assertTrue(m.pairs(ShadowVerdict.SHADOW_ERROR) > 0);
        }
    }

    @Test
    void anErrorInOnePairEndsNeitherTheOthersNorKeepsTheirMemory() throws Exception {
        try (ShadowFixture m = new ShadowFixture()) {
            m.turn(1, ADD_ONE);
            ScriptedScheduler shadow = m.scripted(2, ADD_ONE);
            shadow.breaks = new NoClassDefFoundError("as after a jar was replaced");
            m.route(2, 1);
            m.start();
            m.ask(1);
            m.awaitDue(1);
            ShadowFixture.await("freed", () -> m.after.kept() == 0 && m.pool.bytesOut() == 0);
            shadow.breaks = null;
            m.ask(1);
            m.awaitDue(2);
            assertEquals(1, m.pairs(ShadowVerdict.SHADOW_ERROR));
            assertEquals(1, m.pairs(ShadowVerdict.EQUAL));
        }
    }

    @Test
    void aShadowThatTakesOtherInputsIsInError() throws Exception {
        try (ShadowFixture m = new ShadowFixture()) {
            m.turn(1, ADD_ONE);
            m.turn(2, OnnxModel.addConstant(1, -1, 4));
            m.route(2, 1);
            m.start();
            m.ask(1);
            m.awaitDue(1);
            assertEquals(1, m.pairs(ShadowVerdict.SHADOW_ERROR));
        }
    }

    @Test
    void aShadowWithoutTheOutputIsOfAnotherShape() throws Exception {
        try (ShadowFixture m = new ShadowFixture()) {
            m.turn(1, ADD_ONE);
            m.turn(2, m.open.push(new FakeSession()));
            m.route(2, 1);
            m.start();
            m.ask(1);
            m.awaitDue(1);
            assertEquals(1, m.pairs(ShadowVerdict.SHAPE));
        }
    }

    @Test
    void anEndlessShadowIsEndedAndNotFelt() throws Exception {
        try (ShadowFixture m = new ShadowFixture()) {
            m.turn(1, OnnxModel.addConstant(1, 1));
            m.turn(2, OnnxModel.endlessLoop());
            m.route(2, 1);
            m.start();
            for (int i = 0; i < 500; i++) {
                assertInstanceOf(InferResponse.class, m.ask(i));
            }
            m.awaitDue(500);
            assertTrue(m.pairs(ShadowVerdict.TIMEOUT) >= 1, () -> m.report().toString());
            // It used its share, so the rest was shed.
            assertTrue(m.shed(ShedReason.SHARE) >= 1, () -> m.report().toString());
            assertEquals("turn", m.versions.get(2L).scheduler().execution());
        }
    }

    @Test
    void closingWithPayloadsThatWaitFreesThemAll() throws Exception {
        try (ShadowFixture m = new ShadowFixture()) {
            m.turn(1, ADD_ONE);
            FakeSession hanging = m.open.push(new FakeSession());
            hanging.hangs = true;
            m.turn(2, hanging);
            m.route(2, 1);
            // Not started: nobody takes what waits, so all of it does.
            m.openUnattended();
            for (int i = 0; i < 301; i++) {
                assertInstanceOf(InferResponse.class, m.ask(i));
            }
            assertEquals(AfterAnswer.CAPACITY, m.after.kept());
            assertTrue(m.pool.bytesOut() > 0);
            m.after.close();
            assertEquals(0, m.pool.bytesOut());
            assertEquals(301, m.report().due());
            // What comes after the end is answered, and freed at once.
            assertInstanceOf(InferResponse.class, m.ask(1));
            assertEquals(302, m.report().due());
            assertEquals(257, m.shed(ShedReason.NOT_READY));
            assertEquals(45, m.shed(ShedReason.FULL));
        }
    }

    @Test
    void aShadowThatHeedsNothingIsLeftBehindAtTheDeadline() throws Exception {
        try (ShadowFixture m = new ShadowFixture()) {
            m.turn(1, ADD_ONE);
            ScriptedScheduler shadow = m.scripted(2, ADD_ONE);
            CountDownLatch letGo = shadow.hold();
            m.route(2, 1);
            m.start();
            for (int i = 0; i < 3; i++) {
                assertInstanceOf(InferResponse.class, m.ask(i));
            }
            ShadowFixture.await("a run", () -> shadow.asideRuns.get() == 1);
            long began = System.nanoTime();
            m.after.close(Deadline.after(began, TimeUnit.MILLISECONDS.toNanos(200)));
            long tookMillis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began);
            assertTrue(tookMillis >= 200, "waited for " + tookMillis + " ms");
            assertEquals(1, m.after.kept(), "only what the run reads is kept");
            letGo.countDown();
            ShadowFixture.await("the payload is freed", () -> m.after.kept() == 0);
        }
    }

    @Test
    void aFullQueueShedsAndCounts() throws Exception {
        try (ShadowFixture m = new ShadowFixture()) {
            m.turn(1, ADD_ONE);
            ScriptedScheduler shadow = m.scripted(2, ADD_ONE);
            CountDownLatch held = shadow.hold();
            m.route(2, 1);
            m.start();
            m.ask(1);
            ShadowFixture.await("a run", () -> shadow.asideRuns.get() == 1);
            // 12 MiB in and 12 out of each: the third does not fit into 64 MiB.
            for (int i = 0; i < 3; i++) {
                assertInstanceOf(InferResponse.class, m.ask(new float[3 << 20]));
            }
            assertEquals(1, m.shed(ShedReason.FULL));
            // Four bytes each way: 253 more make 256.
            for (int i = 0; i < 300; i++) {
                assertInstanceOf(InferResponse.class, m.ask(1));
            }
            assertEquals(AfterAnswer.CAPACITY, m.after.kept());
            assertEquals(1 + 300 - 253, m.shed(ShedReason.FULL));
            assertEquals(8 * 254 + 2 * (24 << 20), m.after.keptBytes());
            held.countDown();
            m.awaitDue(304);
            assertEquals(256, m.pairs(ShadowVerdict.EQUAL));
        }
    }

    @Test
    void aPoolThatIsHalfUsedKeepsNoPayload() throws Exception {
        try (ShadowFixture m = new ShadowFixture()) {
            m.turn(1, ADD_ONE);
            m.turn(2, ADD_ONE);
            m.route(2, 1);
            m.start();
            assertTrue(m.pool.reserve(ShadowFixture.BUDGET_BYTES / 2));
            m.ask(1);
            assertEquals(1, m.shed(ShedReason.FULL));
            m.pool.returned(ShadowFixture.BUDGET_BYTES / 2);
            m.ask(1);
            m.awaitDue(2);
            assertEquals(1, m.pairs(ShadowVerdict.EQUAL));
        }
    }

    @Test
    void aShadowThatIsNotReadyIsShed() throws Exception {
        try (ShadowFixture m = new ShadowFixture()) {
            m.turn(1, ADD_ONE);
            m.route(3, 1);
            m.start();
            assertInstanceOf(InferResponse.class, m.ask(1));
            m.awaitDue(1);
            assertEquals(1, m.shed(ShedReason.NOT_READY));
            assertEquals(1, m.pairs(ShadowVerdict.SHED));
            assertTrue(
                    m.telemetry
                            .scrape()
                            .contains(
                                    "penstock_shadow_shed_total{model=\"m\",reason=\"not_ready\"} 1.0"));
        }
    }

    @Test
    void aShadowUnloadedWhilePayloadsWaitIsShedAndNotFelt() throws Exception {
        try (ShadowFixture m = new ShadowFixture()) {
            m.turn(1, ADD_ONE);
            FakeSession session = new FakeSession();
            LiveVersion unloaded = m.unowned(2, session);
            ScriptedScheduler shadow = new ScriptedScheduler(unloaded.scheduler());
            m.add(unloaded.info(), shadow);
            CountDownLatch held = shadow.hold();
            m.route(2, 1);
            m.start();
            m.ask(1);
            ShadowFixture.await("a run", () -> shadow.asideRuns.get() == 1);
            for (int i = 0; i < 20; i++) {
                m.ask(i);
            }
            // It leaves the table first, then it is closed under those that found it before.
            m.versions.remove(2L);
            m.route(2, 1);
            shadow.close();
            session.close();
            held.countDown();
            for (int i = 0; i < 20; i++) {
                assertInstanceOf(InferResponse.class, m.ask(i));
            }
            m.awaitDue(41);
            assertEquals(41, m.shed(ShedReason.NOT_READY), () -> m.report().toString());
            assertEquals(0, session.runs.get());
        }
    }

    @Test
    void closingTheServerEndsTheWaitForAPrimarysQueue() throws Exception {
        try (ShadowFixture m = new ShadowFixture()) {
            ScriptedScheduler primary = m.scripted(1, ADD_ONE);
            m.turn(2, ADD_ONE);
            m.route(2, 1);
            m.start();
            primary.waiting = 1;
            for (int i = 0; i < 10; i++) {
                m.ask(i);
            }
        }
    }

    @Test
    void aBusyProcessShedsShadows() throws Exception {
        try (ShadowFixture m = new ShadowFixture()) {
            m.turn(1, ADD_ONE);
            m.turn(2, ADD_ONE);
            m.route(2, 1);
            m.start();
            ShadowFixture.await(
                    "shed for CPU",
                    () -> {
                        // Far more than a core can give: full whenever it is looked at.
                        m.cpuNanos.addAndGet(TimeUnit.SECONDS.toNanos(1));
                        try {
                            m.ask(1);
                        } catch (Exception e) {
                            throw new AssertionError(e);
                        }
                        return m.shed(ShedReason.CPU) > 10;
                    });
            // And once it is idle again they run again.
            ShadowFixture.await(
                    "compared again",
                    () -> {
                        try {
                            m.ask(1);
                        } catch (Exception e) {
                            throw new AssertionError(e);
                        }
                        return m.pairs(ShadowVerdict.EQUAL) > 0 && m.after.kept() == 0;
                    });
        }
    }

    @Test
    void aShadowWaitsForThePrimarysQueueAndIsShedWhenThatStays() throws Exception {
        try (ShadowFixture m = new ShadowFixture()) {
            ScriptedScheduler primary = m.scripted(1, ADD_ONE);
            m.turn(2, ADD_ONE);
            m.route(2, 1);
            m.start();
            primary.waiting = 1;
            m.ask(1);
            m.awaitDue(1);
            assertEquals(1, m.shed(ShedReason.PRIMARY_QUEUE));
            // A queue that is empty within the patience costs no pair.
            m.ask(1);
            primary.waiting = 0;
            m.awaitDue(2);
            assertEquals(1, m.pairs(ShadowVerdict.EQUAL));
        }
    }
}
