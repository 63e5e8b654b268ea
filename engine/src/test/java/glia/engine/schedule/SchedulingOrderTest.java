package glia.engine.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.sampling.SamplingOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Who goes first, who waits, and for how long.
class SchedulingOrderTest {
    private final Harness h = new Harness("/golden/llama");
    private final List<String> ended = Collections.synchronizedList(new ArrayList<>());
    private final List<Generation> all = new ArrayList<>();

    @AfterEach
    void close() {
        h.close();
    }

    private void oneAtATime() {
        h.open(1L << 30, new SchedulerOptions(32, 1, 1000), false);
    }

    private GenerationRequest.Builder request(String name, int promptLength, int numTokens) {
        return h.request(new int[promptLength]).sampling(SamplingOptions.greedy()).maxTokens(numTokens)
                .listener(new TokenListener() {
                    @Override
                    public boolean token(int sample, int token, float logProbability) {
                        return true;
                    }

                    @Override
                    public void ended(int sample, Completion completion) {
                        ended.add(name);
                    }
                });
    }

    private void submit(GenerationRequest.Builder request) {
        all.add(h.scheduler().submit(request.build()));
    }

    private void await() {
        all.forEach(Generation::await);
        assertEquals(0, h.engine().stateBytes());
    }

    @Test
    void higherPrioritiesGoFirst() {
        oneAtATime();
        h.scheduler().betweenSteps(() -> {
            submit(request("low", 3, 2).priority(-3));
            submit(request("first", 3, 2));
            submit(request("second", 3, 2));
            submit(request("high", 3, 2).priority(4));
        });
        await();
        assertEquals(List.of("high", "first", "second", "low"), ended);
    }

    /// A text of higher priority takes the place of one that runs, which is none the worse for it.
    @Test
    void higherPrioritiesTakeAPlace() {
        oneAtATime();
        Generation[] high = new Generation[1];
        AtomicInteger count = new AtomicInteger();
        Generation low = h.scheduler().submit(h.request(new int[] {4, 5}).sampling(SamplingOptions.greedy())
                .maxTokens(9)
                .listener((sample, token, logProbability) -> {
                    if (count.incrementAndGet() == 3) {
                        high[0] = h.scheduler().submit(request("high", 3, 2).priority(1).build());
                    }
                    return true;
                }).build());
        Completion text = low.await().getFirst();
        assertTrue(high[0].isDone());
        assertEquals(1, text.preemptions());
        assertEquals(9, count.get());
    }

    /// Long texts of one key fill all places. Those of others get their share of the places, and no text changes.
    @Test
    void aKeyGetsItsShareOfThePlaces() {
        h.open(1L << 30, new SchedulerOptions(32, 4, 1000), false);
        h.scheduler().betweenSteps(() -> {
            for (int i = 0; i < 6; i++) {
                submit(request("a" + i, 3, 100).fairnessKey("a"));
            }
        });
        AtomicInteger tokens = new AtomicInteger();
        List<Generation> late = Collections.synchronizedList(new ArrayList<>());
        Generation other = h.scheduler().submit(h.request(new int[3]).sampling(SamplingOptions.greedy()).maxTokens(90)
                .fairnessKey("z").listener((_, _, _) -> {
                    if (tokens.incrementAndGet() == 2) {
                        for (int i = 0; i < 3; i++) {
                            late.add(h.scheduler().submit(request("b" + i, 3, 2).fairnessKey("b").build()));
                        }
                    }
                    return true;
                }).build());
        other.await();
        late.forEach(Generation::await);
        await();
        assertEquals(List.of("b0", "b1", "b2"), ended.subList(0, 3));
        assertEquals(9, ended.size());
    }

    /// One key does not fill the queue.
    @Test
    void aKeyLeavesPlacesInTheQueue() {
        WaitingCount count = new WaitingCount(8);
        count.add("a", 6);
        assertThrows(QueueFullException.class, () -> count.add("a", 1));
        count.add("b", 2);
        assertThrows(QueueFullException.class, () -> count.add("c", 1));
        count.remove("a", 1);
        count.add("c", 1);
        assertEquals(8, count.get());
    }

    @Test
    void keysTakeTurns() {
        oneAtATime();
        h.scheduler().betweenSteps(() -> {
            for (int i = 0; i < 6; i++) {
                submit(request("a" + i, 3, 2).fairnessKey("a"));
            }
            for (int i = 0; i < 2; i++) {
                submit(request("b" + i, 3, 2).fairnessKey("b"));
                submit(request("c" + i, 3, 2).fairnessKey("c"));
            }
        });
        await();
        assertEquals(List.of("a0", "b0", "c0", "a1", "b1", "c1", "a2", "a3", "a4", "a5"), ended);
    }

    /// There is always a text of higher priority, and the one of lower priority gets its turn.
    @Test
    void noneStarves() {
        oneAtATime();
        Generation low = h.scheduler().submit(request("low", 3, 2).priority(-1).build());
        AtomicInteger begun = new AtomicInteger();
        AtomicReference<Runnable> next = new AtomicReference<>();
        next.set(() -> {
            if (!low.isDone() && begun.incrementAndGet() < 1000) {
                h.scheduler().submit(h.request(new int[3]).sampling(SamplingOptions.greedy()).maxTokens(1).priority(1)
                        .listener((sample, token, logProbability) -> {
                            next.get().run();
                            return true;
                        }).build());
            }
        });
        h.scheduler().betweenSteps(() -> {
            next.get().run();
            next.get().run();
        });
        low.await();
        assertTrue(begun.get() < 60, begun + " others went first");
    }

    /// While a long prompt is prefilled, a text goes on, and a short prompt of another key begins.
    @Test
    void aLongPromptHoldsUpNobody() {
        h.open(1L << 30, new SchedulerOptions(16, 4, 100), false);
        List<String> order = Collections.synchronizedList(new ArrayList<>());
        h.scheduler().betweenSteps(() -> {
            submit(request("long", 200, 1).fairnessKey("a").listener((sample, token, logProbability) -> {
                order.add("long");
                return true;
            }));
            submit(request("text", 2, 40).fairnessKey("b").listener((sample, token, logProbability) -> {
                order.add("text");
                return true;
            }));
            submit(request("short", 20, 1).fairnessKey("c").listener((sample, token, logProbability) -> {
                order.add("short");
                return true;
            }));
        });
        await();
        int first = order.indexOf("long");
        // 200 tokens in chunks of at most 15, beside a token of the text each.
        assertTrue(Collections.frequency(order.subList(0, first), "text") >= 200 / 16, order::toString);
        assertTrue(order.indexOf("short") < 8, order::toString);
    }

    @Test
    void cancellingTakesEffectWithinAStep() {
        h.open();
        AtomicInteger received = new AtomicInteger();
        Generation[] victim = new Generation[1];
        h.scheduler().betweenSteps(() -> {
            victim[0] = h.scheduler().submit(h.request(new int[3]).numSamples(3).sampling(SamplingOptions.greedy())
                    .listener((sample, token, logProbability) -> {
                        received.incrementAndGet();
                        return true;
                    }).build());
            submit(h.request(new int[3]).sampling(SamplingOptions.greedy()).maxTokens(20)
                    .listener((sample, token, logProbability) -> {
                        if (received.get() >= 15) {
                            victim[0].cancel();
                        }
                        return true;
                    }));
        });
        for (Completion text : victim[0].await()) {
            assertEquals(Finish.CANCELLED, text.finish());
            assertTrue(text.tokens().length <= 6, text.tokens().length + " tokens");
        }
        await();
    }

    @Test
    void timeIsLimited() {
        h.open();
        Generation limited = h.scheduler().submit(h.request(new int[3]).timeout(Duration.ofMillis(80))
                .listener((sample, token, logProbability) -> {
                    try {
                        Thread.sleep(10);
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                    return true;
                }).build());
        Completion text = limited.await().getFirst();
        assertEquals(Finish.TIMEOUT, text.finish());
        assertTrue(text.tokens().length < 20, text.tokens().length + " tokens");
        assertEquals(SequenceState.CANCELLED, limited.state(0));
    }

    @Test
    void aFullQueueRefuses() {
        h.open(1L << 30, new SchedulerOptions(32, 1, 4), false);
        h.scheduler().betweenSteps(() -> {
            submit(request("one", 3, 2));
            submit(request("three", 3, 2).numSamples(3));
            QueueFullException full = assertThrows(QueueFullException.class, () -> submit(request("more", 3, 2)));
            assertTrue(full.getMessage().contains("at most 4"), full::getMessage);
        });
        await();
        submit(request("again", 3, 2).numSamples(4));
        await();
    }

    /// Sessions keep their KV cache until the memory is needed.
    @Test
    void idleSessionsGiveTheirMemory() {
        h.open(4 * h.bytesOf(64), new SchedulerOptions(64, 4, 100), false);
        try (Session old = h.scheduler().session(); Session young = h.scheduler().session()) {
            h.scheduler().submit(request("a", 60, 4).session(old).build()).await();
            h.scheduler().submit(request("b", 60, 4).session(young).build()).await();
            assertEquals(63, old.length());
            submit(request("c", 150, 20));
            all.forEach(Generation::await);
            assertEquals(0, old.length());
            assertEquals(63, young.length());
            assertEquals(60, h.scheduler().submit(request("d", 61, 2).session(young).build()).await().getFirst()
                    .reusedTokens());
            h.scheduler().betweenSteps(() -> { });
            assertEquals(0, young.length());
        }
        assertEquals(0, h.engine().stateBytes());
    }
}
