package dev.penstock.repository;

import dev.penstock.runtime.Ticker;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.atomic.AtomicLong;

/** Time of day and monotonic time, moved by hand. */
public final class ManualTime implements InstantSource, Ticker {
    private static final Instant START = Instant.parse("2030-01-01T00:00:00Z");

    private final AtomicLong nanos = new AtomicLong();

    @Override
    public Instant instant() {
        return START.plusNanos(nanos.get());
    }

    @Override
    public long nanos() {
        return nanos.get();
    }

    public void pass(Duration time) {
        nanos.addAndGet(time.toNanos());
    }

    public void passNanos(long time) {
        nanos.addAndGet(time);
    }
}
