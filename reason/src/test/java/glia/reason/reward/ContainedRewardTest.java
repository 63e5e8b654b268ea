package glia.reason.reward;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.reason.reward.ContainedReward.Outcome;
import java.time.Duration;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

class ContainedRewardTest {
    private static final Sample SAMPLE = new Sample("", "", 0, true, Map.of());
    private static final Duration LONG = Duration.ofSeconds(30);

    private static void fails(Reward reward, Outcome outcome, String message) {
        try (ContainedReward contained = new ContainedReward(reward, LONG)) {
            assertEquals(OptionalDouble.empty(), contained.score(SAMPLE));
            assertEquals(1, contained.counts().get(outcome));
            assertEquals(1, contained.failures());
            assertTrue(contained.lastFailure().orElseThrow().contains(message), contained.lastFailure().toString());
        }
    }

    @Test
    void failuresAreEmptyAndCounted() {
        fails(s -> OptionalDouble.of(Double.NaN), Outcome.NOT_FINITE, "NaN");
        fails(s -> OptionalDouble.of(Double.NEGATIVE_INFINITY), Outcome.NOT_FINITE, "Infinity");
        fails(s -> null, Outcome.THREW, "null");
        fails(s -> {
            throw new IllegalStateException("no gold");
        }, Outcome.THREW, "no gold");
        fails(s -> {
            throw new SilentException();
        }, Outcome.THREW, "SilentException");
        fails(ContainedRewardTest::deep, Outcome.THREW, "StackOverflowError");
    }

    /// An exception that fails to say what it is.
    private static final class SilentException extends RuntimeException {
        private static final long serialVersionUID = 1;

        @Override
        public String getMessage() {
            throw new IllegalStateException("no message");
        }
    }

    /// The longest duration of Java has more nanoseconds than a number.
    @Test
    void anyDurationIsALimit() {
        try (ContainedReward contained = new ContainedReward(s -> OptionalDouble.of(1),
                Duration.ofSeconds(Long.MAX_VALUE))) {
            assertEquals(OptionalDouble.of(1), contained.score(SAMPLE));
        }
    }

    private static OptionalDouble deep(Sample sample) {
        OptionalDouble score = deep(sample);
        return OptionalDouble.of(score.orElse(0) + 1);
    }

    @Test
    void scoresPassThrough() {
        try (ContainedReward contained = new ContainedReward(s -> OptionalDouble.of(s.tokens()))) {
            assertEquals(0, contained.score(SAMPLE).orElseThrow());
            assertEquals(1, contained.counts().get(Outcome.SCORED));
        }
        try (ContainedReward contained = new ContainedReward(s -> OptionalDouble.empty())) {
            assertEquals(OptionalDouble.empty(), contained.score(SAMPLE));
            assertEquals(0, contained.failures());
            assertEquals(1, contained.counts().get(Outcome.EMPTY));
        }
    }

    @Test
    void hangsDoNotPileUp() {
        CountDownLatch end = new CountDownLatch(1);
        Reward hangs = s -> {
            while (end.getCount() > 0) {
                LockSupport.parkNanos(1_000_000);
                Thread.interrupted();
            }
            return OptionalDouble.of(1);
        };
        int calls = ContainedReward.MAX_THREADS + 3;
        try (ContainedReward contained = new ContainedReward(hangs, Duration.ofMillis(20))) {
            for (int i = 0; i < calls; i++) {
                assertEquals(OptionalDouble.empty(), contained.score(SAMPLE));
            }
            assertEquals(ContainedReward.MAX_THREADS, contained.counts().get(Outcome.TIMED_OUT));
            assertEquals(3, contained.counts().get(Outcome.SATURATED));
            assertEquals(ContainedReward.MAX_THREADS, contained.occupiedThreads());
            end.countDown();
            long deadline = System.nanoTime() + LONG.toNanos();
            while (contained.occupiedThreads() > 0 && System.nanoTime() < deadline) {
                LockSupport.parkNanos(1_000_000);
            }
            assertEquals(0, contained.occupiedThreads());
        }
    }

    @Test
    void interruptsReachTheReward() throws InterruptedException {
        CountDownLatch ended = new CountDownLatch(1);
        Reward sleeps = s -> {
            try {
                Thread.sleep(LONG.toMillis());
            } catch (InterruptedException e) {
                ended.countDown();
            }
            return OptionalDouble.of(1);
        };
        try (ContainedReward contained = new ContainedReward(sleeps, Duration.ofMillis(20))) {
            contained.score(SAMPLE);
            ended.await();
            assertEquals(1, contained.counts().get(Outcome.TIMED_OUT));
        }
    }

    @Test
    void limitsArePositiveAndClosedRewardsSaySo() {
        assertThrows(IllegalArgumentException.class, () -> new ContainedReward(s -> null, Duration.ZERO));
        ContainedReward contained = new ContainedReward(s -> OptionalDouble.of(1));
        contained.close();
        assertThrows(IllegalStateException.class, () -> contained.score(SAMPLE));
        assertEquals(0, contained.occupiedThreads());
    }
}
