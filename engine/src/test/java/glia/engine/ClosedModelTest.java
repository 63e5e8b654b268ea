package glia.engine;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.draft.Drafting;
import glia.engine.embedding.Embedder;
import glia.engine.embedding.EmbeddingConfig;
import glia.engine.load.LoadOptions;
import glia.engine.load.LoadedModel;
import glia.engine.pass.Engine;
import glia.engine.runner.Runners;
import glia.engine.sampling.SamplingOptions;
import glia.engine.schedule.Completion;
import glia.engine.schedule.Finish;
import glia.engine.schedule.GenerationRequest;
import glia.engine.schedule.Scheduler;
import glia.engine.schedule.SchedulerOptions;
import glia.engine.schedule.Session;
import glia.engine.score.MaskFiller;
import glia.engine.state.Sequence;
import glia.engine.training.Loss;
import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingPass;
import glia.io.hub.Progress;
import glia.model.block.Input;
import glia.model.block.LayerHook;
import glia.model.block.Pass;
import glia.model.layout.Pooling;
import glia.tensor.Tensor;
import glia.tensor.kernel.KeyValueType;
import glia.text.template.ChatMessage;
import java.lang.foreign.Arena;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// After a model is closed, whatever needs its memory throws, from any thread; what runs meanwhile ends cleanly.
@Timeout(120)
class ClosedModelTest {
    private static final GenerationOptions GREEDY = new GenerationOptions(SamplingOptions.greedy(), 0, List.of());
    private static final int ROUNDS = 8;

    /// Methods that need no memory of the model: they return what they returned before, or change settings.
    private static final Map<Class<?>, Set<String>> HARMLESS = Map.ofEntries(
            Map.entry(LanguageModel.class, Set.of("close", "tokenizer", "template", "contextLength", "mostTokens",
                "options", "scope", "system", "kernels", "renderOptions", "thinking", "routed", "requireThinking",
                "path", "tools", "grammarVocabulary", "adapter", "pictures")),
            Map.entry(LoadedModel.class, Set.of("close", "contextLength", "mostTokens", "kernels", "text", "choices",
                "drafter", "limitVocabulary")),
            Map.entry(Engine.class, Set.of("close", "release", "keyValueType", "model", "decoder", "ops", "stateBytes",
                "pool", "isOwned", "awaitClaim", "followers")),
            Map.entry(Scheduler.class, Set.of("close", "load")),
            Map.entry(Session.class, Set.of("close", "length")),
            Map.entry(Generator.class, Set.of("close", "length")),
            Map.entry(Chat.class, Set.of("close", "length", "system", "options", "variable", "messages", "restore",
                "clear", "undo")),
            Map.entry(TrainingPass.class, Set.of("close", "sizeBytes", "atStep", "reduceBy", "rank",
                "numRanks", "reduction", "figures", "stepTotal", "total", "totals")),
            Map.entry(Embedder.class, Set.of("encode", "maxTokens")),
            Map.entry(MaskFiller.class, Set.of("mask")));

    private static Object argument(Class<?> type, Sequence sequence, Session session) {
        Map<Class<?>, Object> values = Map.ofEntries(Map.entry(int.class, 1), Map.entry(long.class, 1L),
                Map.entry(boolean.class, false),
                Map.entry(String.class, "Once"), Map.entry(Object.class, ""), Map.entry(int[].class, new int[] {1}),
                Map.entry(String[].class, new String[] {"Once"}), Map.entry(GenerationOptions.class, GREEDY),
                Map.entry(TextListener.class, (TextListener) piece -> { }),
                Map.entry(ChatMessage.class, ChatMessage.user("Once")),
                Map.entry(GenerationRequest.class, GenerationRequest.of(1).build()),
                Map.entry(BooleanSupplier.class, (BooleanSupplier) () -> false),
                Map.entry(Supplier.class, (Supplier<?>) () -> ""),
                Map.entry(Function.class, (Function<?, ?>) given -> ""),
                Map.entry(Runnable.class, (Runnable) () -> { }), Map.entry(LayerHook.class, new LayerHook() { }),
                Map.entry(Input.class, Input.of(1)),
                Map.entry(Pass.class, new Pass().add(new int[] {1}, 0, 1, 0, Pass.Outputs.LAST)),
                Map.entry(Pass.Outputs.class, Pass.Outputs.LAST), Map.entry(KeyValueType.class, KeyValueType.BF16),
                Map.entry(Tensor.class, Tensor.of(Arena.ofAuto(), new float[1], 1, 1)),
                Map.entry(Sequence.class, sequence), Map.entry(Session.class, session),
                Map.entry(List.class, List.of(Embedder.Input.of(new int[] {1}))),
                Map.entry(Drafting.class, Drafting.none()), Map.entry(Optional.class, Optional.empty()),
                Map.entry(SchedulerOptions.class, SchedulerOptions.defaults()),
                Map.entry(Loss.class, Loss.CROSS_ENTROPY),
                Map.entry(TokenBatch.class, new TokenBatch().add(new int[] {1, 2})));
        assertNotNull(values.get(type), "no argument of type " + type);
        return values.get(type);
    }

    @Test
    void everyEntryPointOfAClosedModelSaysSo() throws Exception {
        LanguageModel model = LanguageModel.load("stories260K");
        LoadedModel loaded = LoadedModel.load(model.model().path().orElseThrow(), LoadOptions.defaults(),
                Progress.NONE);
        Session session = model.scheduler().session();
        Sequence sequence = model.engine().open();
        Chat chat = model.chat().options(GREEDY.withMaxTokens(2));
        chat.say("Once");
        Generator generator = model.generator();
        generator.generate(new int[] {1, 2}, GREEDY.withMaxTokens(2), false, piece -> { });
        TrainingPass training = TrainingPass.of(model);
        training.loss("Once");
        Engine derived = model.engine().forContext(64);
        Embedder embedder = new Embedder(model, EmbeddingConfig.of(Pooling.MEAN, true));
        List<Object> all = List.of(model, loaded, model.engine(), derived, model.scheduler(), session, generator, chat,
                training, embedder);
        model.close();
        loaded.close();
        int count = 0;
        for (Object object : all) {
            for (Method method : object.getClass().getDeclaredMethods()) {
                if (!Modifier.isPublic(method.getModifiers()) || Modifier.isStatic(method.getModifiers())
                        || method.isSynthetic() || HARMLESS.get(object.getClass()).contains(method.getName())) {
                    continue;
                }
                Object[] arguments = new Object[method.getParameterCount()];
                for (int i = 0; i < arguments.length; i++) {
                    arguments[i] = argument(method.getParameterTypes()[i], sequence, session);
                }
                InvocationTargetException thrown = assertThrows(InvocationTargetException.class,
                        () -> method.invoke(object, arguments), method::toString);
                IllegalStateException e = assertInstanceOf(IllegalStateException.class, thrown.getCause(),
                        method::toString);
                assertEquals("the model is closed", e.getMessage(), method.toString());
                count++;
            }
        }
        assertTrue(count > 40, count + " methods");
        assertEquals(2, chat.messages().size());
        for (Object object : all) {
            if (object instanceof AutoCloseable closeable) {
                closeable.close();
                closeable.close();
            }
        }
        sequence.close();
        sequence.close();
    }

    @Test
    void whatIsClosedAloneIsNamed() throws Exception {
        try (LanguageModel model = LanguageModel.load("stories260K")) {
            Chat chat = model.chat();
            chat.close();
            closed("the generator or its chat is closed", () -> chat.say("Once"));
            TrainingPass training = TrainingPass.of(model);
            training.loss("Once");
            training.close();
            training.close();
            closed("the training pass is closed", () -> training.loss("Once"));
            closed("the training pass is closed", training::gradients);
            Session session = model.scheduler().session();
            session.close();
            session.close();
            Scheduler scheduler = new Scheduler(Runners.plain(model.engine()),
                    SchedulerOptions.defaults(), 512, 64);
            scheduler.close();
            scheduler.close();
            closed("the scheduler is closed", () -> scheduler.submit(GenerationRequest.of(1).build()));
            closed("the scheduler is closed", scheduler::session);
            Engine derived = model.engine().forContext(64);
            derived.close();
            derived.close();
            closed("the model is closed", derived::open);
            assertFalse(model.chat().options(GREEDY.withMaxTokens(3)).say("Once").isEmpty());
        }
    }

    private static void closed(String message, Runnable call) {
        assertEquals(message, assertThrows(IllegalStateException.class, call::run).getMessage());
    }

    /// A step of a thread that uses a model over and over.
    private interface Use {
        void run() throws Exception;
    }

    @Test
    void threadsThatUseAModelEndWhenItIsClosed() throws Exception {
        for (int round = 0; round < ROUNDS; round++) {
            LanguageModel model = LanguageModel.load("stories260K");
            TrainingPass training = round % 2 == 0 ? TrainingPass.of(model) : null;
            List<Use> uses = new ArrayList<>();
            for (int i = 0; i < 2 && training == null; i++) {
                Generator generator = model.generator();
                uses.add(() -> {
                    Answer answer = generator.generate(new int[] {1, 5, 9}, GREEDY, false, piece -> { });
                    assertTrue(answer.finish() == Finish.CANCELLED || answer.finish() == Finish.CONTEXT
                            || answer.finish() == Finish.STOP, answer::toString);
                });
            }
            if (training == null) {
                uses.add(() -> {
                    List<Completion> ended = model.scheduler().submit(GenerationRequest.of(1, 7).build()).await();
                    assertEquals(1, ended.size());
                });
            } else {
                uses.add(() -> training.loss("Once upon a time there was a girl. She liked to play."));
            }
            runUntilClosed(model, uses);
        }
    }

    private static void runUntilClosed(LanguageModel model, List<Use> uses) throws InterruptedException {
        CountDownLatch started = new CountDownLatch(uses.size());
        AtomicReference<Throwable> failure = new AtomicReference<>();
        List<Thread> threads = new ArrayList<>();
        for (Use use : uses) {
            threads.add(Thread.ofPlatform().start(() -> {
                try {
                    while (true) {
                        started.countDown();
                        use.run();
                    }
                } catch (IllegalStateException e) {
                    if (!e.getMessage().endsWith("is closed")) {
                        failure.compareAndSet(null, e);
                    }
                } catch (Throwable e) {
                    failure.compareAndSet(null, e);
                }
            }));
        }
        started.await();
        Thread.sleep(30);
        model.close();
        for (Thread thread : threads) {
            thread.join();
        }
        assertDoesNotThrow(() -> {
            if (failure.get() != null) {
                throw failure.get();
            }
        });
    }

    /// The listener of an answer runs on the thread that asked and may close the model.
    @Test
    void aListenerMayCloseTheModel() throws Exception {
        LanguageModel model = LanguageModel.load("stories260K");
        Generator generator = model.generator();
        Answer answer = generator.generate(new int[] {1, 5, 9}, GREEDY, false, piece -> model.close());
        assertEquals(Finish.CANCELLED, answer.finish());
        closed("the model is closed", () -> generator.generate(new int[] {1}, GREEDY, false, piece -> { }));
    }
}
