package dev.penstock;

import static com.tngtech.archunit.lang.conditions.ArchConditions.callMethod;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noFields;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaPackage;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * The plan of the house: which package may use which, where each library lives, who may read the
 * clock. A new package or arrow is a change of these tables, made on purpose.
 */
final class ArchitectureTest {
    private static final String ROOT = "dev.penstock.";

    /** For each package, the packages of ours that it may use. {@code app} may use all. */
    private static final Map<String, Set<String>> MAY_USE =
            new TreeMap<>(
                    Map.ofEntries(
                            Map.entry("runtime", Set.of()),
                            Map.entry("config", Set.of("runtime")),
                            Map.entry("journal", Set.of("runtime")),
                            Map.entry("tensor", Set.of("runtime")),
                            Map.entry("access", Set.of("runtime")),
                            Map.entry("statistics", Set.of("runtime")),
                            Map.entry("routing", Set.of("statistics", "runtime")),
                            Map.entry("inference", Set.of("tensor", "statistics", "runtime")),
                            Map.entry("telemetry", Set.of("inference", "runtime")),
                            Map.entry(
                                    "lineage.store",
                                    Set.of("journal", "statistics", "inference", "runtime")),
                            Map.entry(
                                    "lineage",
                                    Set.of(
                                            "lineage.store",
                                            "journal",
                                            "statistics",
                                            "inference",
                                            "tensor",
                                            "telemetry",
                                            "runtime")),
                            Map.entry(
                                    "replay",
                                    Set.of(
                                            "lineage",
                                            "lineage.store",
                                            "journal",
                                            "serving",
                                            "repository",
                                            "scheduling",
                                            "engine",
                                            "statistics",
                                            "inference",
                                            "tensor",
                                            "runtime")),
                            Map.entry("engine", Set.of("inference", "tensor", "runtime")),
                            Map.entry(
                                    "engine.ffm",
                                    Set.of("engine", "inference", "tensor", "runtime")),
                            Map.entry(
                                    "engine.ort",
                                    Set.of("engine", "inference", "tensor", "runtime")),
                            Map.entry(
                                    "scheduling",
                                    Set.of(
                                            "engine",
                                            "inference",
                                            "tensor",
                                            "telemetry",
                                            "runtime")),
                            Map.entry(
                                    "repository",
                                    Set.of(
                                            "scheduling",
                                            "engine",
                                            "inference",
                                            "tensor",
                                            "telemetry",
                                            "runtime")),
                            Map.entry(
                                    "serving",
                                    Set.of(
                                            "repository",
                                            "routing",
                                            "scheduling",
                                            "engine",
                                            "statistics",
                                            "inference",
                                            "tensor",
                                            "telemetry",
                                            "runtime")),
                            Map.entry(
                                    "control",
                                    Set.of(
                                            "journal",
                                            "serving",
                                            "repository",
                                            "routing",
                                            "scheduling",
                                            "inference",
                                            "telemetry",
                                            "runtime")),
                            Map.entry(
                                    "admin",
                                    Set.of(
                                            "access",
                                            "journal",
                                            "lineage",
                                            "lineage.store",
                                            "replay",
                                            "control",
                                            "serving",
                                            "repository",
                                            "routing",
                                            "statistics",
                                            "inference",
                                            "tensor",
                                            "runtime")),
                            Map.entry(
                                    "http",
                                    Set.of(
                                            "access",
                                            "admin",
                                            "serving",
                                            "inference",
                                            "tensor",
                                            "telemetry",
                                            "runtime")),
                            Map.entry(
                                    "grpc",
                                    Set.of(
                                            "access",
                                            "serving",
                                            "inference",
                                            "tensor",
                                            "telemetry",
                                            "runtime")),
                            Map.entry(
                                    "cli",
                                    Set.of(
                                            "access",
                                            "config",
                                            "journal",
                                            "lineage.store",
                                            "runtime"))));

    private static final Set<String> ADAPTERS = Set.of("engine.ffm", "engine.ort");

    /** For each library, the packages that may name it. */
    private static final Map<String, Set<String>> LIVES_IN =
            Map.ofEntries(
                    Map.entry("ai.onnxruntime..", Set.of("engine.ort")),
                    Map.entry("io.netty..", Set.of("http", "grpc", "tensor", "app")),
                    Map.entry("io.grpc..", Set.of("grpc", "cli", "app")),
                    Map.entry("dev.penstock.proto..", Set.of("grpc", "cli", "app")),
                    Map.entry("io.micrometer..", Set.of("telemetry", "app")),
                    Map.entry("io.prometheus..", Set.of("telemetry", "app")),
                    Map.entry("picocli..", Set.of("cli", "app")),
                    Map.entry("com.networknt..", Set.of("admin")),
                    Map.entry("com.github.victools..", Set.of("admin")),
                    Map.entry("org.snakeyaml..", Set.of("admin", "config")),
                    Map.entry("ch.qos.logback..", Set.of("app")),
                    Map.entry("java.lang.foreign..", Set.of("engine.ffm", "repository")));

    private static final JavaClasses ALL =
            new ClassFileImporter()
                    .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                    .importPackages("dev.penstock");

    private static final JavaClasses CLASSES =
            ALL.that(
                    DescribedPredicate.describe(
                            "hand-written", c -> !c.getPackageName().startsWith(ROOT + "proto")));

    @TestFactory
    Stream<DynamicTest> aPackageUsesOnlyWhatTheTableGivesIt() {
        return MAY_USE.entrySet().stream()
                .map(row ->
                        DynamicTest.dynamicTest(
                                row.getKey(), () -> usesOnly(row.getKey(), row.getValue())));
    }

    private static void usesOnly(String name, Set<String> allowed) {
        Set<String> used = new TreeSet<>();
        for (JavaClass each : CLASSES) {
            if (!each.getPackageName().equals(ROOT + name)) {
                continue;
            }
            each.getDirectDependenciesFromSelf().stream()
                    .map(d -> d.getTargetClass().getBaseComponentType().getPackageName())
                    .filter(p -> p.startsWith(ROOT) && !p.startsWith(ROOT + "proto"))
                    .map(p -> p.substring(ROOT.length()))
                    .filter(p -> !p.equals(name))
                    .forEach(used::add);
        }
        used.removeAll(allowed);
        assertEquals(Set.of(), used, name + " uses what the table does not give it");
    }

    @Test
    void everyPackageIsInTheTableAndNullMarked() {
        Set<String> packages =
                CLASSES.stream()
                        .map(c -> c.getPackageName().substring(ROOT.length()))
                        .collect(Collectors.toCollection(TreeSet::new));
        Set<String> table = new TreeSet<>(MAY_USE.keySet());
        table.add("app");
        assertEquals(table, packages);
        List<String> unmarked = new ArrayList<>();
        for (String name : packages) {
            JavaPackage each = CLASSES.getPackage(ROOT + name);
            if (!each.isAnnotatedWith(NullMarked.class)) {
                unmarked.add(name);
            }
        }
        assertEquals(List.of(), unmarked, "packages without @NullMarked");
    }

    @Test
    void thereIsNoCircleAmongPackages() {
        slices().matching(ROOT + "(**)").should().beFreeOfCycles().check(CLASSES);
    }

    @Test
    void adaptersAreNamedByAppAlone() {
        for (String adapter : ADAPTERS) {
            noClasses()
                    .that()
                    .resideOutsideOfPackages(ROOT + adapter, ROOT + "app")
                    .should()
                    .dependOnClassesThat()
                    .resideInAPackage(ROOT + adapter)
                    .check(CLASSES);
        }
    }

    @TestFactory
    Stream<DynamicTest> aLibraryLivesWhereTheTableSays() {
        return LIVES_IN.entrySet().stream()
                .map(row ->
                        DynamicTest.dynamicTest(
                                row.getKey(), () -> livesIn(row.getKey(), row.getValue())));
    }

    private static void livesIn(String library, Set<String> homes) {
        String[] packages = homes.stream().map(h -> ROOT + h).toArray(String[]::new);
        noClasses()
                .that()
                .resideOutsideOfPackages(packages)
                .should()
                .dependOnClassesThat()
                .resideInAPackage(library)
                .check(CLASSES);
    }

    @Test
    void onlyRuntimeAndAppReadTheClockOrRollDice() {
        noClasses()
                .that()
                .resideOutsideOfPackages(ROOT + "runtime", ROOT + "app")
                .should(
                        callMethod(System.class, "nanoTime")
                                .or(callMethod(System.class, "currentTimeMillis"))
                                .or(callMethod(Instant.class, "now"))
                                .or(callMethod(Math.class, "random"))
                                .or(callMethod(ThreadLocalRandom.class, "current")))
                .check(CLASSES);
    }

    @Test
    void noFieldOrParameterIsOptional() {
        noFields().should().haveRawType(Optional.class).check(CLASSES);
        boolean anyParameter =
                CLASSES.stream()
                        .flatMap(c -> c.getCodeUnits().stream())
                        .filter(u ->
                                !u.getOwner().isAnonymousClass()
                                        && !u.getName().contains("lambda$"))
                        .flatMap(u -> u.getRawParameterTypes().stream())
                        .anyMatch(t -> t.isEquivalentTo(Optional.class));
        assertTrue(!anyParameter, "an Optional parameter");
    }

    @Test
    void thereIsNoRoomWithoutAName() {
        classes()
                .should()
                .resideOutsideOfPackages(
                        "..util..", "..common..", "..helper..", "..manager..", "..impl..")
                .check(CLASSES);
    }
}
