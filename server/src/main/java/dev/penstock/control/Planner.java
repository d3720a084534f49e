package dev.penstock.control;

import dev.penstock.control.Life.Stage;
import dev.penstock.inference.VersionId;
import dev.penstock.repository.StoreScan;
import dev.penstock.repository.StoredModel;
import dev.penstock.repository.StoredVersion;
import dev.penstock.repository.VersionPolicy;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Decides what to load and what to unload. Pure: the same store, lives and policy give the same
 * plan.
 *
 * <p>What serves is given up only for something better: a version makes room once as many newer
 * ones are ready as the policy wants, and the last ready version of a model never goes because of a
 * policy. A version that failed takes no place, and is tried again when its files are others.
 *
 * <p>Wishes go before the policy: what a route names stays loaded even when its files are gone, and
 * what somebody wants unloaded is not loaded, be it the last.
 *
 * <p>A model that is not in the store, or cannot be read there, has no policy: what serves of it
 * serves on. One of which only the uploaded part is to be seen goes by the policy that was last
 * read, but only to load: while anything that serves is missing, nothing makes room.
 *
 * <p>The removal guard: when all ready versions of a model are missing, it may be that the disk is,
 * and not that somebody deleted them; then nothing that is missing is unloaded, of any model. A
 * look at which more than half of the ready models are missing is a case of this, and so is a model
 * whose folder is missing while uploaded versions of it are there. What somebody confirmed to be
 * removed is not held back, and holds nothing else back.
 */
final class Planner {
    private final StoreScan scan;
    private final VersionPolicy fallback;
    private final Map<String, NavigableMap<Long, Life>> lives = new TreeMap<>();
    private final Set<VersionId> gone;
    private final Set<VersionId> confirmed;
    private final Wishes wishes;
    private final boolean guardHolds;
    private final Plan.Builder plan = new Plan.Builder();

    private Planner(
            StoreScan scan,
            VersionPolicy fallback,
            Collection<Life> lives,
            Set<VersionId> gone,
            Set<VersionId> confirmed,
            Wishes wishes) {
        this.scan = scan;
        this.fallback = fallback;
        for (Life life : lives) {
            this.lives
                    .computeIfAbsent(life.id().model(), name -> new TreeMap<>())
                    .put(life.id().number(), life);
        }
        this.gone = gone;
        this.confirmed = confirmed;
        this.wishes = wishes;
        this.guardHolds = hasReady(gone) && lacksAllOfAModel();
    }

    /**
     * Plans.
     *
     * @param fallback policy of models whose configuration names none
     * @param lives the latest of each version
     * @param gone versions that are gone from the store for good
     * @param confirmed versions whose removal is meant, so that no guard holds it back
     * @param wishes about single versions, which go before the policy
     */
    static Plan plan(
            StoreScan scan,
            VersionPolicy fallback,
            Collection<Life> lives,
            Set<VersionId> gone,
            Set<VersionId> confirmed,
            Wishes wishes) {
        return new Planner(scan, fallback, lives, gone, confirmed, wishes).plan();
    }

    private boolean hasReady(Set<VersionId> ids) {
        for (VersionId id : ids) {
            Life life = life(id);
            if (life != null && life.isReady() && !confirmed.contains(id)) {
                return true;
            }
        }
        return false;
    }

    private boolean lacksAllOfAModel() {
        for (Map.Entry<String, NavigableMap<Long, Life>> each : lives.entrySet()) {
            int ready = 0;
            for (Life life : each.getValue().values()) {
                ready += life.isReady() && !confirmed.contains(life.id()) ? 1 : 0;
            }
            int missing = missing(each.getKey());
            StoredModel model = scan.models().get(each.getKey());
            if (missing > 0 && (missing == ready || (model != null && model.isPart()))) {
                return true;
            }
        }
        return false;
    }

    /** How many ready versions of a model the store lacks. */
    private int missing(String model) {
        int missing = 0;
        for (Life life : lives.getOrDefault(model, new TreeMap<>()).values()) {
            boolean isHeld = life.isReady() && !confirmed.contains(life.id());
            missing += isHeld && scan.lacks(life.id()) ? 1 : 0;
        }
        return missing;
    }

    private @Nullable Life life(VersionId id) {
        NavigableMap<Long, Life> versions = lives.get(id.model());
        return versions == null ? null : versions.get(id.number());
    }

    private Plan plan() {
        NavigableSet<String> names = new TreeSet<>(scan.models().keySet());
        names.addAll(lives.keySet());
        for (String name : names) {
            model(name);
        }
        return plan.build(guardHolds);
    }

    private void model(String name) {
        Map<Long, StoredVersion> stored = new HashMap<>();
        VersionPolicy policy = fallback;
        StoredModel model = scan.models().get(name);
        if (model != null) {
            stored = model.versions();
            policy = model.policy() == null ? fallback : model.policy();
        }
        NavigableMap<Long, Life> alive = lives.getOrDefault(name, new TreeMap<>());
        refuseAndForget(stored, alive);
        NavigableSet<Long> newestFirst = new TreeSet<>(alive.keySet());
        newestFirst.addAll(stored.keySet());
        newestFirst.removeIf(
                number -> isWishedAway(new VersionId(name, number), alive.get(number)));
        newestFirst = newestFirst.descendingSet();
        for (long number : newestFirst) {
            if (wishes.loaded().contains(new VersionId(name, number))) {
                wished(stored.get(number), alive.get(number));
            }
        }
        if (model == null || (!model.isReadable() && !model.isPart())) {
            // The policy is with what is missing.
            return;
        }
        switch (policy) {
            case VersionPolicy.Latest latest -> latest(latest.count(), newestFirst, stored, alive);
            case VersionPolicy.All all -> listed(newestFirst, newestFirst, stored, alive);
            case VersionPolicy.Specific specific ->
                    listed(specific.versions(), newestFirst, stored, alive);
        }
    }

    private void refuseAndForget(Map<Long, StoredVersion> stored, Map<Long, Life> alive) {
        for (StoredVersion version : stored.values()) {
            if (version instanceof StoredVersion.Refused refused
                    && isNew(version, alive.get(version.id().number()))) {
                plan.refuse.add(refused);
            }
        }
        for (Life life : alive.values()) {
            if (life.isOver() && scan.lacks(life.id())) {
                plan.forget.add(life.id());
            }
        }
    }

    private boolean isWishedAway(VersionId id, @Nullable Life life) {
        if (!wishes.unloaded().contains(id)) {
            return false;
        }
        if (life != null && life.isReady()) {
            plan.unload.add(id);
        }
        return true;
    }

    private void wished(@Nullable StoredVersion stored, @Nullable Life life) {
        boolean isOver = life == null || life.isOver();
        if (isOver && stored instanceof StoredVersion.Published published) {
            if (isNew(stored, life) || wishes.again().contains(stored.id())) {
                plan.load.add(published);
            }
        }
    }

    private boolean isKept(Life life) {
        return wishes.loaded().contains(life.id()) || !mayGiveUp(life.id().model());
    }

    private boolean mayGiveUp(String name) {
        StoredModel model = scan.models().get(name);
        return model == null || !model.isPart() || (model.isReadable() && missing(name) == 0);
    }

    private void latest(
            int count,
            NavigableSet<Long> newestFirst,
            Map<Long, StoredVersion> stored,
            Map<Long, Life> alive) {
        int taken = 0;
        int ready = 0;
        for (long number : newestFirst) {
            Life life = alive.get(number);
            if (life != null && life.isReady()) {
                if (!isKept(life) && (isRemoved(life) || ready >= count)) {
                    plan.unload.add(life.id());
                } else {
                    ready++;
                    taken++;
                }
            } else if (life != null && life.stage() == Stage.LOADING) {
                taken++;
            } else if (taken < count && loadIfNew(stored.get(number), life)) {
                taken++;
            }
        }
    }

    private void listed(
            Set<Long> wanted,
            NavigableSet<Long> newestFirst,
            Map<Long, StoredVersion> stored,
            Map<Long, Life> alive) {
        boolean hasWanted = false;
        for (Life life : alive.values()) {
            hasWanted |= life.isReady() && wanted.contains(life.id().number()) && !isRemoved(life);
        }
        for (long number : newestFirst) {
            Life life = alive.get(number);
            if (life != null && life.isReady()) {
                boolean isLeftOver = hasWanted && !wanted.contains(number);
                if (!isKept(life) && (isRemoved(life) || isLeftOver)) {
                    plan.unload.add(life.id());
                }
            } else if (wanted.contains(number)) {
                loadIfNew(stored.get(number), life);
            }
        }
    }

    private boolean isRemoved(Life life) {
        boolean isHeldBack = guardHolds && !confirmed.contains(life.id());
        return !isHeldBack && gone.contains(life.id());
    }

    private boolean loadIfNew(@Nullable StoredVersion version, @Nullable Life life) {
        if (version instanceof StoredVersion.Published published && isNew(version, life)) {
            // A wish may have ordered it already.
            if (!plan.load.contains(published)) {
                plan.load.add(published);
            }
            return true;
        }
        return false;
    }

    /** Whether nothing is known of these files: no life, one that ended well, or of other files. */
    private static boolean isNew(StoredVersion version, @Nullable Life life) {
        if (life == null || life.stage() == Stage.UNLOADED) {
            return true;
        }
        return life.stage() == Stage.FAILED && !life.fingerprint().equals(version.fingerprint());
    }
}
