package glia.engine.pass;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.Answer;
import glia.engine.Chat;
import glia.engine.GenerationOptions;
import glia.engine.Generator;
import glia.engine.LanguageModel;
import glia.engine.TextListener;
import glia.engine.load.LoadOptions;
import glia.engine.sampling.SamplingOptions;
import glia.engine.schedule.Finish;
import glia.engine.schedule.Generation;
import glia.engine.schedule.GenerationRequest;
import glia.engine.state.Sequence;
import glia.io.hub.HubSettings;
import glia.io.hub.ModelLocator;
import glia.io.hub.Progress;
import glia.model.block.Pass.Outputs;
import glia.tensor.Precision;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Many threads use one model.
class ThreadsTest {
    private static final GenerationOptions GREEDY = new GenerationOptions(SamplingOptions.greedy(), 24, List.of());
    private static final List<String> PROMPTS = List.of("Once upon a time", "The little dog", "Lily was", "A big red",
            "One day, Tom", "There was a cat who", "In the park", "Mom said");
    private LanguageModel model;

    @BeforeEach
    void load() throws IOException {
        model = LanguageModel.load(new ModelLocator(HubSettings.fromEnvironment())
                .locate("stories260K", Progress.NONE).path(), new LoadOptions(2, 0, "scalar", Precision.EXACT));
    }

    @AfterEach
    void close() {
        model.close();
    }

    private int[] prompt(int i) {
        return model.tokenizer().encode(PROMPTS.get(i % PROMPTS.size()), true);
    }

    private String answer(int i) {
        try (Generator generator = model.generator()) {
            return generator.generate(prompt(i), GREEDY, false, _ -> { }).text();
        }
    }

    private List<String> answers() {
        List<String> answers = new ArrayList<>();
        for (int i = 0; i < PROMPTS.size(); i++) {
            answers.add(answer(i));
        }
        return answers;
    }

    private static <T> FutureTask<T> begin(Callable<T> work) {
        FutureTask<T> task = new FutureTask<>(work);
        Thread.ofPlatform().start(task);
        return task;
    }

    @Test
    void twoThreadsGetRightAnswers() throws Exception {
        List<String> expected = answers();
        for (int i = 0; i < 60; i++) {
            int at = i;
            FutureTask<String> a = begin(() -> answer(at));
            FutureTask<String> b = begin(() -> answer(at + 3));
            assertEquals(expected.get(at % PROMPTS.size()), a.get());
            assertEquals(expected.get((at + 3) % PROMPTS.size()), b.get());
        }
        assertEquals(0, model.engine().stateBytes());
    }

    @Test
    void twoChatsGoOnAtTheSameTime() throws Exception {
        Callable<List<String>> conversation = () -> {
            List<String> said = new ArrayList<>();
            try (Chat chat = model.chat().options(GREEDY)) {
                for (int turn = 0; turn < 5; turn++) {
                    said.add(chat.say(PROMPTS.get(turn)));
                }
            }
            return said;
        };
        List<String> expected = conversation.call();
        FutureTask<List<String>> a = begin(conversation);
        FutureTask<List<String>> b = begin(conversation);
        assertEquals(expected, a.get());
        assertEquals(expected, b.get());
    }

    /// Some requests end early: cancelled, interrupted or by exceptions of their listeners.
    @Test
    void twoHundredVirtualThreads() throws Exception {
        List<String> expected = answers();
        Random random = new Random(5);
        List<Future<Boolean>> all = new ArrayList<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < 200; i++) {
                int at = i;
                int kind = random.nextInt(5);
                int most = random.nextInt(20);
                all.add(threads.submit(() -> request(at, kind, most, expected.get(at % PROMPTS.size()))));
            }
        }
        for (Future<Boolean> each : all) {
            assertTrue(each.get());
        }
        assertEquals(0, model.engine().stateBytes());
    }

    private boolean request(int at, int kind, int most, String expected) {
        StringBuilder received = new StringBuilder();
        TextListener listener = new TextListener() {
            @Override
            public void text(String piece) {
                received.append(piece);
                if (received.length() > most && kind == 1) {
                    throw new IllegalStateException("listener");
                }
                if (received.length() > most && kind == 2) {
                    Thread.currentThread().interrupt();
                }
            }

            @Override
            public boolean cancelled() {
                return kind == 3 && received.length() > most;
            }
        };
        try (Generator generator = model.generator()) {
            Answer answer = generator.generate(prompt(at), GREEDY, false, listener);
            assertEquals(answer.text(), received.toString());
            assertTrue(expected.startsWith(answer.text()), answer::text);
            assertEquals(kind == 2, Thread.interrupted());
            return kind == 2 || kind == 3 || answer.text().equals(expected);
        } catch (IllegalStateException e) {
            return kind == 1 && e.getMessage().equals("listener");
        }
    }

    @Test
    void aSlowListenerDelaysNoOtherRequest() throws Exception {
        List<String> expected = answers();
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch free = new CountDownLatch(1);
        FutureTask<Answer> slow = begin(() -> {
            try (Generator generator = model.generator()) {
                return generator.generate(prompt(0), GREEDY, false, _ -> {
                    begun.countDown();
                    try {
                        free.await();
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                });
            }
        });
        begun.await();
        for (int i = 1; i < 4; i++) {
            assertEquals(expected.get(i), answer(i));
        }
        assertFalse(slow.isDone());
        free.countDown();
        assertEquals(expected.get(0), slow.get().text());
    }

    @Test
    void aListenerMayUseTheModel() {
        List<String> expected = answers();
        List<String> inner = new ArrayList<>();
        try (Generator generator = model.generator()) {
            String text = generator.generate(prompt(0), GREEDY, false, _ -> {
                if (inner.isEmpty()) {
                    inner.add(answer(1));
                }
            }).text();
            assertEquals(List.of(expected.get(1)), inner);
            assertEquals(expected.get(0), text);
        }
    }

    @Test
    void anInterruptEndsAnAnswer() throws Exception {
        String whole = answer(0);
        for (boolean alone : new boolean[] {true, false}) {
            // Beside others, the thread waits for the one that computes.
            Generation other = alone ? null : model.scheduler().submit(GenerationRequest.of(prompt(1)).build());
            Thread here = Thread.currentThread();
            StringBuilder received = new StringBuilder();
            try (Generator generator = model.generator()) {
                Answer answer = generator.generate(prompt(0), GREEDY.withMaxTokens(0), false, piece -> {
                    received.append(piece);
                    if (received.length() > 12) {
                        here.interrupt();
                    }
                });
                assertTrue(Thread.interrupted());
                assertEquals(Finish.INTERRUPTED, answer.finish());
                assertEquals(received.toString(), answer.text());
                assertTrue(answer.text().length() > 12 && answer.tokens() < 60, answer::toString);
                assertEquals(whole, generator.generate(prompt(0), GREEDY, false, _ -> { }).text());
                Thread.currentThread().interrupt();
                assertEquals(Finish.INTERRUPTED, generator.generate(prompt(0), GREEDY, false, _ -> { }).finish());
                assertTrue(Thread.interrupted());
            }
            if (other != null) {
                other.cancel();
                other.await();
            }
        }
        assertEquals(0, model.engine().stateBytes());
    }

    @Test
    void aConversationInUseRefusesASecondRequest() throws Exception {
        try (Generator generator = model.generator()) {
            CountDownLatch begun = new CountDownLatch(1);
            CountDownLatch free = new CountDownLatch(1);
            FutureTask<Answer> first = begin(() -> generator.generate(prompt(0), GREEDY, false, _ -> {
                begun.countDown();
                try {
                    free.await();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            }));
            begun.await();
            String message = assertThrows(IllegalStateException.class,
                    () -> generator.generate(prompt(1), GREEDY, false, _ -> { })).getMessage();
            assertTrue(message.contains("one message at a time"), message);
            free.countDown();
            first.get();
        }
    }

    @Test
    void theEngineBelongsToOneThreadAtATime() throws Exception {
        Engine engine = model.engine();
        Sequence sequence = engine.open();
        int[] ids = prompt(0);
        engine.add(sequence, ids, 0, ids.length, Outputs.LAST);
        FutureTask<Void> other = begin(() -> {
            try (Sequence own = engine.open()) {
                engine.add(own, ids, 0, 1, Outputs.LAST);
            }
            return null;
        });
        String message = assertThrows(ExecutionException.class, other::get).getCause().getMessage();
        assertTrue(message.contains("in use by thread " + Thread.currentThread().getName()), message);
        // The scheduler waits for the pass, where it would mix with it on another thread, and refuses it on this one.
        assertThrows(IllegalStateException.class, () -> answer(1));
        FutureTask<String> answer = begin(() -> answer(1));
        engine.claim();
        float[] logits = engine.run().toArray();
        engine.release();
        assertEquals(answer(1), answer.get());
        FutureTask<float[]> again = begin(() -> {
            try (Sequence own = engine.open()) {
                engine.add(own, ids, 0, ids.length, Outputs.LAST);
                return engine.run().toArray();
            }
        });
        assertArrayEquals(logits, again.get());
        engine.claim();
        assertThrows(ExecutionException.class, begin(() -> engine.run())::get);
        engine.release();
        sequence.close();
    }
}
