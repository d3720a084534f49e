package dev.penstock.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.control.Life.Stage;
import dev.penstock.inference.VersionId;
import dev.penstock.repository.Bench;
import dev.penstock.repository.FakeEngine;
import dev.penstock.repository.Fingerprint;
import dev.penstock.repository.StoreScan;
import dev.penstock.repository.StoredModel;
import dev.penstock.repository.StoredVersion;
import dev.penstock.repository.VersionPolicy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each plan from a few words: what is in the store, what is alive, what is wanted. */
final class PlannerTest {
    private static final Fingerprint FILES = new Fingerprint("files", "");
    private static final Fingerprint OTHERS = new Fingerprint("others", "");

    @TempDir Path root;
    private StoredVersion.Published sample;
    private final Map<String, StoredModel> models = new HashMap<>();
    private final List<Life> lives = new ArrayList<>();
    private final Set<VersionId> gone = new HashSet<>();
    private final Set<VersionId> confirmed = new HashSet<>();
    private VersionPolicy policy = new VersionPolicy.Latest(2);

    @BeforeEach
    void readASample() throws Exception {
        try (Bench bench = new Bench(root)) {
            bench.writeOld("sample/1/model.onnx", FakeEngine.model("n=1"));
            sample = bench.published(new VersionId("sample", 1));
        }
    }

    private StoredVersion published(String model, long number, Fingerprint fingerprint) {
        return new StoredVersion.Published(
                new VersionId(model, number), fingerprint, sample.files(), sample.config());
    }

    private void stored(String model, long... numbers) {
        NavigableMap<Long, StoredVersion> versions = new TreeMap<>();
        for (long number : numbers) {
            versions.put(number, published(model, number, FILES));
        }
        models.put(model, new StoredModel(model, null, true, versions));
    }

    private void alive(String model, Stage stage, long... numbers) {
        for (long number : numbers) {
            lives.add(new Life(new VersionId(model, number), FILES, stage));
        }
    }

    private void gone(String model, long... numbers) {
        for (long number : numbers) {
            gone.add(new VersionId(model, number));
        }
    }

    private Plan plan() {
        return Planner.plan(new StoreScan(models), policy, lives, gone, confirmed, Wishes.NONE);
    }

    private List<String> loads() {
        return plan().load().stream().map(version -> version.id().toString()).toList();
    }

    private List<String> unloads() {
        return plan().unload().stream().map(VersionId::toString).toList();
    }

    @Test
    void theNewestTwoAreLoadedFirst() {
        stored("a", 1, 2, 3);
        assertEquals(List.of("a/3", "a/2"), loads());
    }

    @Test
    void whatLoadsTakesAPlace() {
        stored("a", 1, 2, 3);
        alive("a", Stage.LOADING, 2, 3);
        assertEquals(List.of(), loads());
        assertEquals(List.of(), unloads());
    }

    @Test
    void anOlderOneIsTriedWhenANewerFails() {
        stored("a", 1, 2, 3);
        alive("a", Stage.FAILED, 3);
        alive("a", Stage.READY, 2);
        assertEquals(List.of("a/1"), loads());
    }

    @Test
    void aFailedOneNeverDisplacesAGoodOne() {
        stored("a", 1, 2, 3, 4);
        alive("a", Stage.FAILED, 3, 4);
        alive("a", Stage.READY, 1, 2);
        assertEquals(List.of(), loads());
        assertEquals(List.of(), unloads());
    }

    @Test
    void theOldGoesOnlyOnceTheNewIsReady() {
        stored("a", 1, 2, 3);
        alive("a", Stage.READY, 1, 2);
        assertEquals(List.of("a/3"), loads());
        assertEquals(List.of(), unloads());
        alive("a", Stage.LOADING, 3);
        assertEquals(List.of(), unloads());
        lives.removeIf(life -> life.stage() == Stage.LOADING);
        alive("a", Stage.READY, 3);
        assertEquals(List.of("a/1"), unloads());
    }

    @Test
    void aFailedOneIsTriedAgainOnlyWhenItsFilesAreOthers() {
        stored("a", 1);
        alive("a", Stage.FAILED, 1);
        assertEquals(List.of(), loads());
        lives.set(0, new Life(new VersionId("a", 1), OTHERS, Stage.FAILED));
        assertEquals(List.of("a/1"), loads());
    }

    @Test
    void aReadyOneWhoseFilesChangedIsLeftAlone() {
        stored("a", 1);
        lives.add(new Life(new VersionId("a", 1), OTHERS, Stage.READY));
        assertEquals(List.of(), loads());
        assertEquals(List.of(), unloads());
    }

    @Test
    void whatDrainsIsNotLoadedAgainUntilItIsOver() {
        stored("a", 1);
        alive("a", Stage.DRAINING, 1);
        assertEquals(List.of(), loads());
        lives.clear();
        alive("a", Stage.UNLOADED, 1);
        assertEquals(List.of("a/1"), loads());
    }

    @Test
    void allMeansAll() {
        policy = new VersionPolicy.All();
        stored("a", 1, 2, 3);
        alive("a", Stage.READY, 2);
        assertEquals(List.of("a/3", "a/1"), loads());
        assertEquals(List.of(), unloads());
    }

    @Test
    void aListMeansItsVersionsOnly() {
        policy = VersionPolicy.parse("1,3");
        stored("a", 1, 2, 3, 4);
        alive("a", Stage.READY, 1, 4);
        assertEquals(List.of("a/3"), loads());
        assertEquals(List.of("a/4"), unloads());
    }

    @Test
    void theLastReadyVersionStaysUntilAListedOneIsReady() {
        policy = VersionPolicy.parse("1");
        stored("a", 1, 2);
        alive("a", Stage.READY, 2);
        alive("a", Stage.FAILED, 1);
        assertEquals(List.of(), unloads());
    }

    @Test
    void theConfigurationsPolicyWins() {
        stored("a", 1, 2, 3);
        StoredModel model = models.get("a");
        models.put("a", new StoredModel("a", VersionPolicy.parse("2"), true, model.versions()));
        assertEquals(List.of("a/2"), loads());
    }

    @Test
    void whatIsGoneIsUnloadedWhileAnotherVersionServes() {
        stored("a", 2);
        alive("a", Stage.READY, 1, 2);
        assertEquals(List.of(), unloads(), "missing is not gone");
        gone("a", 1);
        assertEquals(List.of("a/1"), unloads());
        assertFalse(plan().guardHolds());
    }

    @Test
    void theGuardHoldsWhenAllOfAModelIsMissing() {
        stored("b", 1, 2);
        alive("a", Stage.READY, 1, 2);
        alive("b", Stage.READY, 1, 2);
        gone("a", 1, 2);
        assertTrue(plan().guardHolds());
        assertEquals(List.of(), unloads());
    }

    @Test
    void theGuardHoldsEvenWhenVersionsGoOneByOne() {
        alive("a", Stage.READY, 1, 2);
        gone("a", 1);
        // Version 2 is missing as well, if only since this look.
        assertTrue(plan().guardHolds());
        assertEquals(List.of(), unloads());
    }

    @Test
    void theGuardHoldsOtherModelsRemovalsBackToo() {
        stored("b", 2);
        alive("a", Stage.READY, 1);
        alive("b", Stage.READY, 1, 2);
        gone("a", 1);
        gone("b", 1);
        assertEquals(List.of(), unloads());
    }

    @Test
    void whatIsConfirmedGoesAndNothingElseDoes() {
        alive("a", Stage.READY, 1, 2);
        alive("b", Stage.READY, 1);
        stored("b", 1);
        stored("a");
        gone("a", 1, 2);
        confirmed.addAll(gone);
        assertFalse(plan().guardHolds());
        assertEquals(List.of("a/2", "a/1"), unloads());
        stored("b");
        gone("b", 1);
        assertTrue(plan().guardHolds(), "nobody confirmed b");
        assertEquals(List.of("a/2", "a/1"), unloads());
    }

    @Test
    void theGuardLiftsWhenFilesAreBack() {
        stored("a", 2);
        alive("a", Stage.READY, 1, 2);
        gone("a", 1);
        assertFalse(plan().guardHolds());
        assertEquals(List.of("a/1"), unloads());
    }

    @Test
    void underTheGuardANewerVersionStillTakesItsPlace() {
        alive("a", Stage.READY, 1);
        gone("a", 1);
        stored("b", 1, 2, 3);
        alive("b", Stage.READY, 1, 2, 3);
        assertTrue(plan().guardHolds());
        assertEquals(List.of("b/1"), unloads());
    }

    private void part(String model, boolean isReadable, long... numbers) {
        stored(model, numbers);
        models.put(
                model,
                new StoredModel(model, null, isReadable, true, models.get(model).versions()));
    }

    @Test
    void aModelWhoseFolderIsMissingBesideUploadsGivesNothingUpAndLoads() {
        part("a", true, 3, 4, 5);
        alive("a", Stage.READY, 1, 2, 3, 4);
        assertEquals(List.of(), unloads(), "missing since a moment");
        assertFalse(plan().guardHolds());
        gone("a", 1, 2);
        assertTrue(plan().guardHolds());
        assertEquals(List.of(), unloads());
        assertEquals(List.of("a/5"), loads());
        part("a", false, 3, 4, 5);
        gone.clear();
        assertEquals(List.of(), unloads(), "not readable");
        assertEquals(List.of("a/5"), loads());
    }

    @Test
    void aMissingFolderOfWhichNothingServesHoldsNothing() {
        part("a", true, 3, 4, 5);
        alive("a", Stage.READY, 3, 4, 5);
        assertFalse(plan().guardHolds());
        assertEquals(List.of("a/3"), unloads());
    }

    @Test
    void aModelThatCannotBeReadIsNotMissing() {
        models.put("a", StoredModel.unreadable("a"));
        alive("a", Stage.READY, 1);
        alive("a", Stage.FAILED, 2);
        assertFalse(plan().guardHolds());
        assertEquals(List.of(), unloads());
        assertEquals(List.of(), plan().forget());
    }

    @Test
    void aModelThatIsMissingHasNoPolicyUntilItIsGoneOrBack() {
        policy = new VersionPolicy.Latest(1);
        alive("a", Stage.READY, 1, 2, 3);
        assertEquals(List.of(), unloads(), "absent");
        models.put("a", StoredModel.unreadable("a"));
        assertEquals(List.of(), unloads(), "not readable");
        stored("a", 1, 2, 3);
        models.put("a", new StoredModel("a", null, false, models.get("a").versions()));
        assertEquals(List.of(), unloads(), "its configuration was not read yet");
        stored("a", 1, 2, 3);
        assertEquals(List.of("a/2", "a/1"), unloads());
    }

    @Test
    void noInterleavingOfLossesUnloadsWhatTheConfigurationWants() {
        // Model a says "all", the server says "latest:1". Whatever is seen of either model from one
        // look to the next, nothing of a goes that its own policy keeps and that is there.
        policy = new VersionPolicy.Latest(1);
        Random random = new Random(11);
        for (int round = 0; round < 2_000; round++) {
            models.clear();
            lives.clear();
            gone.clear();
            alive("a", Stage.READY, 1, 2, 3);
            alive("b", Stage.READY, 1, 2);
            long[] there = subset(random, 3);
            stored("a", there);
            switch (random.nextInt(4)) {
                case 0 -> models.remove("a");
                case 1 -> models.put("a", StoredModel.unreadable("a"));
                case 2 -> models.put("a", of("a", null, false));
                default -> models.put("a", of("a", new VersionPolicy.All(), true));
            }
            if (random.nextBoolean()) {
                stored("b", subset(random, 2));
            }
            for (Life life : lives) {
                if (new StoreScan(models).lacks(life.id()) && random.nextBoolean()) {
                    gone.add(life.id());
                }
            }
            StoredModel a = models.get("a");
            boolean mayGo = a != null && a.isReadable() && !plan().guardHolds();
            for (VersionId unloaded : plan().unload()) {
                assertTrue(
                        unloaded.model().equals("b") || (mayGo && gone.contains(unloaded)),
                        () -> "round unloads " + unloaded + " of " + models);
            }
        }
    }

    private StoredModel of(String model, VersionPolicy own, boolean isReadable) {
        return new StoredModel(model, own, isReadable, models.get(model).versions());
    }

    private static long[] subset(Random random, int count) {
        return LongStream.rangeClosed(1, count).filter(n -> random.nextInt(3) > 0).toArray();
    }

    @Test
    void whatIsOverAndNotInTheStoreIsForgotten() {
        stored("a", 1);
        alive("a", Stage.READY, 1);
        alive("a", Stage.FAILED, 2);
        alive("a", Stage.UNLOADED, 3);
        assertEquals(List.of(new VersionId("a", 2), new VersionId("a", 3)), plan().forget());
    }

    @Test
    void anEmptyStoreAndNothingAliveIsNothingToDo() {
        Plan plan = plan();
        assertEquals(List.of(), plan.load());
        assertEquals(List.of(), plan.unload());
        assertFalse(plan.guardHolds());
    }

    @Test
    void missingIsGoneAfterThreeLooksAndFiveSeconds() {
        alive("a", Stage.READY, 1);
        StoreScan empty = new StoreScan(models);
        Absences absences = Absences.DEFAULT;
        long second = 1_000_000_000L;
        VersionId id = new VersionId("a", 1);
        var missing = absences.look(Map.of(), empty, lives, 0);
        missing = absences.look(missing, empty, lives, 4 * second);
        assertEquals(Set.of(), absences.gone(missing, 6 * second), "two looks");
        missing = absences.look(missing, empty, lives, 4 * second + 1);
        assertEquals(Set.of(), absences.gone(missing, 5 * second - 1), "not five seconds");
        assertEquals(Set.of(id), absences.gone(missing, 5 * second));
        stored("a", 1);
        missing = absences.look(missing, new StoreScan(models), lives, 6 * second);
        assertEquals(Map.of(), missing);
    }
}
