package glia.engine.schedule;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.draft.Drafting;
import glia.engine.runner.Runners;
import glia.engine.sampling.SamplingOptions;
import glia.engine.sampling.TokenMask;
import glia.engine.sampling.TokenSampler;
import glia.engine.state.ContextFullException;
import glia.engine.state.StateMemoryException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/// What goes wrong with one text ends this text, and no other.
class SchedulerFailureTest {
    private static final int[] PROMPT = {3, 1, 4, 1, 5};

    private static GenerationRequest.Builder request(Harness h) {
        return h.request(PROMPT).sampling(SamplingOptions.greedy()).maxTokens(12);
    }

    /// Texts beside one that goes wrong are as they would be alone.
    private static Throwable failure(Harness h, UnaryOperator<GenerationRequest.Builder> wrong) {
        List<Generation> good = new ArrayList<>();
        Generation[] bad = new Generation[1];
        h.scheduler().betweenSteps(() -> {
            good.add(h.scheduler().submit(request(h).build()));
            bad[0] = h.scheduler().submit(wrong.apply(request(h)).build());
            good.add(h.scheduler().submit(request(h).numSamples(2).build()));
        });
        int[] expected = h.alone(PROMPT, SamplingOptions.greedy(), 12);
        for (Generation g : good) {
            g.await().forEach(text -> assertArrayEquals(expected, text.tokens()));
        }
        Throwable thrown = assertThrows(Throwable.class, bad[0]::await);
        assertEquals(SequenceState.FAILED, bad[0].state(0));
        assertSame(thrown, bad[0].completions().getFirst().failure().orElseThrow());
        assertEquals(0, h.engine().stateBytes());
        return thrown;
    }

    @Test
    void hostileSamplersListenersAndMasks() {
        try (Harness h = new Harness("/golden/llama")) {
            h.open();
            int[] count = new int[1];
            TokenSampler broken = (logits, row) -> {
                if (++count[0] == 3) {
                    throw new UnsupportedOperationException("sampler");
                }
                return 1;
            };
            assertEquals("sampler", failure(h, r -> r.sampler(_ -> broken)).getMessage());
            assertEquals("factory", failure(h, r -> r.sampler(_ -> {
                throw new StackOverflowError("factory");
            })).getMessage());
            assertTrue(failure(h, r -> r.sampler(_ -> (logits, row) -> -1)).getMessage().contains("token -1"));
            assertEquals("listener", failure(h, r -> r.listener((sample, token, logProbability) -> {
                throw new AssertionError("listener");
            })).getMessage());
            assertEquals("ended", failure(h, r -> r.listener(new TokenListener() {
                @Override
                public boolean token(int sample, int token, float logProbability) {
                    return true;
                }

                @Override
                public void ended(int sample, Completion completion) {
                    throw new IllegalStateException("ended");
                }
            })).getMessage());
            assertTrue(failure(h, r -> r.mask(_ -> () -> new long[0])).getMessage().contains("mask"));
            assertTrue(failure(h, r -> r.sampling(SamplingOptions.greedy().withLogitBias(Map.of(100_000, 1f))))
                    .getMessage().contains("100000"));
            // One that waits for the scheduler that waits for it.
            assertTrue(failure(h, r -> r.listener((sample, token, logProbability) -> {
                h.scheduler().generate(request(h).build(), () -> true);
                return true;
            })).getMessage().contains("may not wait"));
        }
    }

    /// A mask that is not ready until others have ended, at the begin or later.
    private static TokenMask slow(int tokens, BooleanSupplier isReady) {
        return new TokenMask() {
            private int left = tokens;

            @Override
            public long[] allowed() {
                assertTrue(isReady());
                return null;
            }

            @Override
            public boolean isReady() {
                return left > 0 || isReady.getAsBoolean();
            }

            @Override
            public void accept(int token) {
                left--;
            }
        };
    }

    @Test
    void masksThatTakeLongDelayNoOtherText() {
        try (Harness h = new Harness("/golden/llama")) {
            h.open();
            int[] expected = h.alone(PROMPT, SamplingOptions.greedy(), 12);
            // The prompt, which the mask sees too, is no part of the count.
            for (int tokens : new int[] {0, PROMPT.length, PROMPT.length + 4}) {
                AtomicBoolean isReady = new AtomicBoolean();
                Generation slow = h.scheduler().submit(request(h).mask(_ -> slow(tokens, isReady::get)).build());
                for (int i = 0; i < 3; i++) {
                    assertArrayEquals(expected, h.scheduler().submit(request(h).build()).await().getFirst().tokens());
                }
                assertFalse(slow.isDone());
                isReady.set(true);
                assertArrayEquals(expected, slow.await().getFirst().tokens());
            }
            // Alone, on the thread that waits for it.
            int[] asked = new int[1];
            assertArrayEquals(expected, h.scheduler().generate(request(h).mask(_ -> slow(0, () -> ++asked[0] > 5))
                    .build(), () -> true).tokens());
            assertEquals("no mask", failure(h, r -> r.mask(_ -> slow(PROMPT.length + 4, () -> {
                throw new IllegalStateException("no mask");
            }))).getMessage());
        }
    }

    @Test
    void masksAreAskedForByCallerAndEndWithTheirSequence() {
        try (Harness h = new Harness("/golden/llama")) {
            h.open();
            List<String> events = new CopyOnWriteArrayList<>();
            Generation never = h.scheduler().submit(request(h).fairnessKey("a").mask(_ -> new TokenMask() {
                @Override
                public long[] allowed() {
                    return null;
                }

                @Override
                public boolean isReady() {
                    events.add(CALLER.get());
                    return false;
                }

                @Override
                public void stop() {
                    events.add("stop");
                }
            }).build());
            h.scheduler().submit(request(h).build()).await();
            never.cancel();
            never.await();
            assertEquals("a", events.getFirst());
            assertEquals(events.size() - 1, events.indexOf("stop"));
        }
    }

    /// The heap is full for a moment, because of the work of other threads.
    @Test
    void aPassWithoutHeapIsTriedAgain() {
        try (Harness h = new Harness("/golden/llama")) {
            h.open();
            ModelRunner runner = Runners.of(h.engine(), Drafting.none(), Optional.empty());
            AtomicInteger failures = new AtomicInteger(2);
            ModelRunner full = (ModelRunner) Proxy.newProxyInstance(ModelRunner.class.getClassLoader(),
                    new Class<?>[] {ModelRunner.class}, (_, method, arguments) -> {
                        if (method.getName().equals("run") && failures.getAndDecrement() > 0) {
                            throw new OutOfMemoryError("of a test");
                        }
                        return method.invoke(runner, arguments);
                    });
            try (Scheduler scheduler = new Scheduler(full, SchedulerOptions.defaults(), h.vocabSize(), h.context())) {
                assertArrayEquals(h.alone(PROMPT, SamplingOptions.greedy(), 12),
                        scheduler.submit(request(h).build()).await().getFirst().tokens());
                failures.set(100);
                assertThrows(OutOfMemoryError.class, scheduler.submit(request(h).build())::await);
            }
        }
    }

    @Test
    void oneSampleFailsWithoutTheOthers() {
        try (Harness h = new Harness("/golden/llama")) {
            Generation g = h.open().submit(request(h).numSamples(3).listener((sample, token, logProbability) -> {
                if (sample == 0) {
                    throw new IllegalStateException("the first");
                }
                return true;
            }).build());
            assertEquals("the first", assertThrows(IllegalStateException.class, g::await).getMessage());
            int[] expected = h.alone(PROMPT, SamplingOptions.greedy(), 12);
            assertEquals(1, g.completions().getFirst().tokens().length);
            assertArrayEquals(expected, g.completions().get(1).tokens());
            assertArrayEquals(expected, g.completions().get(2).tokens());
        }
    }

    @Test
    void aTextThatNeverFitsFailsAlone() {
        try (Harness h = new Harness("/golden/llama")) {
            h.open(3 * h.bytesOf(64), SchedulerOptions.defaults(), false);
            Throwable thrown = failure(h, r -> h.request(new int[200]).sampling(SamplingOptions.greedy()).maxTokens(1));
            assertTrue(thrown instanceof StateMemoryException, thrown::toString);
            // It begins, and the memory ends on the way.
            thrown = failure(h, r -> h.request(new int[150]).sampling(SamplingOptions.greedy()).maxTokens(80));
            assertTrue(thrown instanceof StateMemoryException, thrown::toString);
        }
    }

    @Test
    void aPassThatFailsEndsItsTextsAndTheNextOnesGoOn() {
        try (Harness h = new Harness("/golden/mixtral")) {
            h.open();
            AtomicBoolean isBroken = new AtomicBoolean(true);
            h.engine().ops().watch(_ -> {
                if (isBroken.get()) {
                    throw new UnsupportedOperationException("pass");
                }
            });
            Generation a = h.scheduler().submit(request(h).numSamples(2).build());
            assertEquals("pass", assertThrows(UnsupportedOperationException.class, a::await).getMessage());
            assertEquals(2, a.completions().stream().filter(c -> c.failure().isPresent()).count());
            isBroken.set(false);
            assertArrayEquals(h.alone(PROMPT, SamplingOptions.greedy(), 12),
                    h.scheduler().submit(request(h).build()).await().getFirst().tokens());
            assertEquals(0, h.engine().stateBytes());
        }
    }

    @Test
    void requestsThatCannotBeAreRefused() {
        try (Harness h = new Harness("/golden/llama"); Harness t5 = new Harness("/golden/t5")) {
            Scheduler scheduler = h.open();
            assertThrows(IllegalArgumentException.class, () -> GenerationRequest.of().build());
            String message = assertThrows(IllegalArgumentException.class,
                    () -> scheduler.submit(GenerationRequest.of(1, -2).build())).getMessage();
            assertTrue(message.contains("token 1 of the prompt is -2"), message);
            assertThrows(IllegalArgumentException.class,
                    () -> scheduler.submit(GenerationRequest.of(h.vocabSize()).build()));
            assertThrows(ContextFullException.class,
                    () -> scheduler.submit(h.request(new int[h.context()]).build()));
            assertThrows(IllegalArgumentException.class,
                    () -> scheduler.submit(GenerationRequest.of(1).source(2).build()));
            assertThrows(IllegalArgumentException.class,
                    () -> t5.open().submit(GenerationRequest.of(1).build()));
            try (Session session = scheduler.session()) {
                assertThrows(IllegalArgumentException.class, () -> t5.scheduler().submit(
                        t5.request(PROMPT).session(session).build()));
                scheduler.betweenSteps(() -> {
                    scheduler.submit(request(h).session(session).build());
                    assertThrows(IllegalStateException.class,
                            () -> scheduler.submit(request(h).session(session).build()));
                    assertThrows(IllegalStateException.class, session::clear);
                });
                scheduler.submit(request(h).build()).await();
                while (session.length() == 0) {
                    Thread.onSpinWait();
                }
            }
            assertThrows(IllegalArgumentException.class, () -> new SchedulerOptions(8, 4, 1));
        }
    }

    @Test
    void closingEndsWhatRuns() {
        try (Harness h = new Harness("/golden/llama")) {
            Scheduler scheduler = h.open();
            Generation g = scheduler.submit(h.request(PROMPT).numSamples(4).build());
            scheduler.close();
            assertTrue(g.await().stream().allMatch(c -> c.finish() == Finish.CANCELLED));
            assertEquals(0, h.engine().stateBytes());
            assertThrows(IllegalStateException.class, () -> scheduler.submit(request(h).build()));
        }
    }
}
