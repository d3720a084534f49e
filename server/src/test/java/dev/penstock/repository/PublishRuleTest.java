package dev.penstock.repository;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.repository.PublishRule.Manifest;
import dev.penstock.repository.PublishRule.Sight;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class PublishRuleTest {
    private static final long SECOND = 1_000_000_000L;
    private static final FolderKey FOLDER = new FolderKey(1, 10, 0);
    private static final PublishRule RULE = PublishRule.DEFAULT;

    private @Nullable Sight sight;

    private static FolderLook look(FolderKey key, long size, long modifiedNanos) {
        return new FolderLook(
                key,
                modifiedNanos,
                0,
                List.of(new FileStamp("model.onnx", size, 1, 11, modifiedNanos, 0)),
                null);
    }

    private boolean at(long seconds, FolderLook look, Manifest manifest, boolean renamedIn) {
        sight = RULE.look(sight, look, manifest, renamedIn, seconds * SECOND, seconds * SECOND);
        return sight.isPublished();
    }

    private boolean at(long seconds, FolderLook look) {
        return at(seconds, look, Manifest.ABSENT, false);
    }

    @Test
    void filesOlderThanFiveSecondsAtFirstSightArePublishedAtOnce() {
        assertTrue(at(105, look(FOLDER, 10, 100 * SECOND)));
    }

    @Test
    void filesYoungerThanFiveSecondsAreNot() {
        assertFalse(at(104, look(FOLDER, 10, 100 * SECOND)));
    }

    @Test
    void filesFromTheFutureAreNot() {
        assertFalse(at(104, look(FOLDER, 10, 900 * SECOND)));
    }

    @Test
    void aFolderSeenUnderADotNameIsPublishedAtOnce() {
        assertTrue(at(100, look(FOLDER, 10, 100 * SECOND), Manifest.ABSENT, true));
    }

    @Test
    void aMatchingManifestPublishesAtOnce() {
        assertTrue(at(100, look(FOLDER, 10, 100 * SECOND), Manifest.MATCHES, false));
    }

    @Test
    void aManifestThatDiffersHoldsBackWhatWouldBePublished() {
        assertFalse(at(500, look(FOLDER, 10, 100 * SECOND), Manifest.DIFFERS, true));
        assertFalse(at(600, look(FOLDER, 10, 100 * SECOND), Manifest.DIFFERS, false));
        assertFalse(at(700, look(FOLDER, 10, 100 * SECOND), Manifest.DIFFERS, false));
    }

    @Test
    void threeLooksOverFiveSecondsWithoutAChangeSettle() {
        FolderLook look = look(FOLDER, 10, 100 * SECOND);
        assertFalse(at(100, look));
        assertFalse(at(102, look));
        assertFalse(at(104, look), "three looks but four seconds");
        assertTrue(at(105, look));
    }

    @Test
    void fiveSecondsWithTwoLooksDoNotSettle() {
        FolderLook look = look(FOLDER, 10, 100 * SECOND);
        assertFalse(at(100, look));
        assertFalse(at(110, look));
        assertTrue(at(111, look));
    }

    @Test
    void aChangeBeginsTheWaitAgainEvenWhenTheNewStateIsOld() {
        FolderLook whole = look(FOLDER, 20, 100 * SECOND);
        assertFalse(at(200, look(FOLDER, 10, 199 * SECOND)));
        assertFalse(at(204, whole));
        assertFalse(at(206, whole));
        assertFalse(at(208, whole));
        assertTrue(at(209, whole));
    }

    @Test
    void aChangeOfPublishedFilesTakesThePublicationBack() {
        assertTrue(at(200, look(FOLDER, 10, 100 * SECOND)));
        assertFalse(at(201, look(FOLDER, 11, 200 * SECOND)));
    }

    @Test
    void whatWasPublishedStaysSoWhileNothingChanges() {
        FolderLook look = look(FOLDER, 10, 100 * SECOND);
        assertTrue(at(100, look, Manifest.ABSENT, true));
        assertTrue(at(101, look));
    }

    @Test
    void anotherFolderUnderTheNameIsAFirstSight() {
        assertFalse(at(100, look(FOLDER, 10, 99 * SECOND)));
        assertTrue(at(101, look(new FolderKey(1, 77, 0), 10, 50 * SECOND)));
    }

    @Test
    void anInodeGivenOutAgainIsNotTheSameFolder() {
        assertFalse(at(100, look(FOLDER, 10, 99 * SECOND)));
        assertFalse(at(106, look(new FolderKey(1, 10, 5), 10, 105 * SECOND)));
        assertFalse(at(107, look(new FolderKey(1, 10, 5), 10, 105 * SECOND)));
    }
}
