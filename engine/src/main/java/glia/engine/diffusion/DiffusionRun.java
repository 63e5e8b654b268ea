package glia.engine.diffusion;

import glia.engine.answer.Canvas;
import glia.engine.pass.Engine;
import glia.engine.sampling.SamplingOptions;
import glia.engine.schedule.Completion;
import glia.engine.schedule.Finish;
import glia.engine.schedule.Scheduler;
import glia.engine.schedule.TokenListener;
import glia.engine.state.ContextFullException;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.spec.Diffusion;
import glia.text.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/// Generates answers by text diffusion, on the calling thread. Each step waits for its turn, so that steps of several
/// requests alternate.
///
/// @param config options of the model's files
/// @param vocabSize the tokens below this id may be generated
/// @param contextLength the most tokens of prompt and canvas
public record DiffusionRun(Engine engine, Tokenizer tokenizer, Config config, int vocabSize, int contextLength) {
    private static final long SEED_STEP = 0xD1342543DE82EF95L;

    /// Refuses options of generation token after token.
    ///
    /// @throws IllegalArgumentException the message names the first
    public static void requireSupported(SamplingOptions sampling) {
        refuse(sampling.minP() != 0, "min_p");
        refuse(sampling.repetitionPenalty() != 1, "repetition_penalty");
        refuse(sampling.presencePenalty() != 0, "presence_penalty");
        refuse(sampling.frequencyPenalty() != 0, "frequency_penalty");
        refuse(!sampling.logitBias().isEmpty(), "logit_bias");
    }

    /// Refuses a feature by its name.
    ///
    /// @throws IllegalArgumentException if it is used
    public static void refuse(boolean isUsed, String name) {
        if (isUsed) {
            throw new IllegalArgumentException(name + ": " + refusal());
        }
    }

    /// Why a feature of generation token after token is refused.
    public static String refusal() {
        return "cannot be applied: the model generates by text diffusion, all places at once; leave it out";
    }

    /// Refuses options of text diffusion for another model.
    ///
    /// @throws IllegalArgumentException the message names the first
    public static void requireNone(Map<String, Object> options) {
        options.keySet().stream().sorted().findFirst().ifPresent(key -> {
            throw new IllegalArgumentException(key + ": the model does not generate by text diffusion; leave it out");
        });
    }

    /// The options of a request.
    ///
    /// @throws IllegalArgumentException if one is impossible or cannot be applied
    public DiffusionOptions options(SamplingOptions sampling, Map<String, Object> others) {
        requireSupported(sampling);
        Diffusion kind = engine.model().spec().diffusion().orElseThrow();
        boolean truncates = kind instanceof Diffusion.Masked masked && masked.isShifted();
        refuse(!truncates && sampling.topP() != 1, "top_p");
        refuse(!truncates && sampling.topK() != 0, "top_k");
        Config all = DiffusionOptions.with(config, others).with("temperature", sampling.temperature())
                .with("top_p", sampling.topP()).without("top_k");
        try {
            return DiffusionOptions.read(sampling.topK() == 0 ? all : all.with("top_k", sampling.topK()), kind);
        } catch (CheckpointException e) {
            // What the request has set is not a fault of the file.
            String problem = e.getMessage().replaceFirst("^.*?: key (?=\\w+: )", "");
            throw new IllegalArgumentException(others.keySet().stream().anyMatch(key -> problem.startsWith(key + ": "))
                    ? problem : e.getMessage(), e);
        }
    }

    /// Generates one answer.
    ///
    /// @param key whose request it is, for turns
    /// @param sample its number, which the listener gets
    /// @param canvases receives the canvas after each step, after its tokens that have become final
    /// @param goesOn asked before each step: false cancels the answer
    /// @param nanos the longest time
    public Completion run(Scheduler scheduler, String key, int[] prompt, int maxTokens, DiffusionOptions options,
            long seed, Set<Integer> stops, int sample, TokenListener listener, Consumer<Canvas> canvases,
            BooleanSupplier goesOn, long nanos) {
        long start = System.nanoTime();
        int room = contextLength - prompt.length;
        int wanted = maxTokens == 0 ? Math.max(1, room) : Math.min(maxTokens, Math.max(1, room));
        Diffusion kind = engine.model().spec().diffusion().orElseThrow();
        if (Denoiser.canvasLength(kind, options, wanted) > room) {
            wanted = room / options.blockLength() * options.blockLength();
        }
        if (wanted < 1) {
            throw new ContextFullException(prompt.length, contextLength);
        }
        List<Integer> made = new ArrayList<>();
        long first = 0;
        Finish finish = null;
        try (Denoiser denoiser = Denoiser.of(engine, prompt, wanted, vocabSize, options,
                DiffusionNoise.of(seed + sample * SEED_STEP))) {
            while (finish == null) {
                if (!goesOn.getAsBoolean()) {
                    finish = Finish.CANCELLED;
                    break;
                }
                if (Thread.currentThread().isInterrupted() || System.nanoTime() - start > nanos) {
                    finish = Thread.currentThread().isInterrupted() ? Finish.INTERRUPTED : Finish.TIMEOUT;
                    break;
                }
                scheduler.inTurn(key, () -> {
                    denoiser.step();
                    return null;
                });
                int[] tokens = denoiser.tokens();
                int end = Math.min(denoiser.numFinal(), wanted);
                while (made.size() < end && finish == null) {
                    int token = tokens[prompt.length + made.size()];
                    made.add(token);
                    first = first == 0 ? System.nanoTime() - start : first;
                    finish = !listener.token(sample, token, Float.NaN) || stops.contains(token) ? Finish.STOP : null;
                }
                if (finish == null && (made.size() == wanted || denoiser.isDone())) {
                    finish = maxTokens == 0 || wanted < maxTokens ? Finish.CONTEXT : Finish.LENGTH;
                }
                canvases.accept(Canvas.of(tokenizer, denoiser.numSteps(), Arrays.copyOfRange(tokens, prompt.length,
                        tokens.length), made.size(), place -> denoiser.isSet(prompt.length + place),
                        token -> kind instanceof Diffusion.Masked masked && token == masked.maskToken()));
            }
        }
        return new Completion(made.stream().mapToInt(Integer::intValue).toArray(), new float[0], List.of(), finish,
                Optional.empty(), prompt.length, 0, 0, 0, 0, first, System.nanoTime() - start);
    }

    /// The seed of a request: its own, or a random one.
    public static long seed(SamplingOptions sampling) {
        return sampling.seed().orElseGet(() -> ThreadLocalRandom.current().nextLong());
    }
}
