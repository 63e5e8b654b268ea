package glia.engine.call;

import glia.engine.GenerationOptions;
import glia.engine.LanguageModel;
import glia.engine.ModelScope;
import glia.engine.answer.AnswerEnd;
import glia.engine.answer.AnswerEvent;
import glia.engine.answer.AnswerReceiver;
import glia.engine.answer.AnswerText;
import glia.engine.answer.AnswerTools;
import glia.engine.answer.GeneratedToken;
import glia.engine.diffusion.DiffusionOptions;
import glia.engine.diffusion.DiffusionRun;
import glia.engine.sampling.TokenLogProbability;
import glia.engine.sampling.TokenMask;
import glia.engine.schedule.Completion;
import glia.engine.schedule.Generation;
import glia.engine.schedule.GenerationRequest;
import glia.engine.schedule.TokenListener;
import glia.engine.thinking.ThinkingPlan;
import glia.model.spec.Encoder;
import glia.text.tool.ToolTemplate;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.IntFunction;

/// Runs a [GenerationCall]: submits it to the model's scheduler and passes events on to a receiver on the calling
/// thread. The thread that computes only appends to a queue, whose length the most tokens of the answers bound, so a
/// slow receiver delays no other request.
public final class GenerationRun {
    /// The longest time between two checks of whether the caller is still there.
    private static final long CHECK_MILLIS = 50;

    private final LanguageModel model;
    private final GenerationCall call;
    private final Optional<DiffusionOptions> diffusion;
    private final RenderedPrompt prompt;
    private final LinkedBlockingQueue<AnswerEvent> events = new LinkedBlockingQueue<>();
    private final AnswerText[] texts;
    private final AnswerMasks masks;
    private final boolean usesServerTools;
    private int numEnded;
    /// Held while the receiver is called.
    private Lock lock = new ReentrantLock();
    /// When it was called, in nanoseconds of the clock.
    private final long since = System.nanoTime();

    /// Renders the prompt.
    ///
    /// @throws CallException if the call does not suit the model
    public GenerationRun(LanguageModel model, GenerationCall call) {
        this(model, call, ToolRun.applies(model, call));
    }

    /// @param usesServerTools whether tools of the server are added, and their calls run here
    GenerationRun(LanguageModel model, GenerationCall given, boolean usesServerTools) {
        this.model = model;
        this.usesServerTools = usesServerTools;
        this.call = scoped(model, usesServerTools ? withTools(given) : given);
        Optional<AnswerTools> tools = tools();
        this.prompt = RenderedPrompt.of(model, call.prompt(), call.options());
        if (prompt.ids().length == 0) {
            throw new CallException("prompt", "found no tokens, expected at least one");
        }
        PromptLimits.check(call.prompt() instanceof Prompt.Conversation ? "messages" : "prompt", "tokens",
                prompt.ids().length, call.terms().limits().promptTokens(), "--max-prompt-tokens");
        diffusion = diffusionOptions();
        // What does not fit into the context needs no grammar of its tools.
        this.masks = AnswerMasks.of(model, call, tools);
        texts = new AnswerText[call.numSamples()];
        for (int i = 0; i < texts.length; i++) {
            texts[i] = new AnswerText(model.tokenizer(), call.tokenRules(), call.options().stops(), prompt.plan(),
                    tools, i, events::add);
            if (continuesText()) {
                texts[i].follow(prompt.ids()[prompt.ids().length - 1]);
            }
        }
    }

    private static GenerationCall withTools(GenerationCall call) {
        return ToolRun.with(call, ((Prompt.Conversation) call.prompt()).messages(),
                call.terms().tools().orElseThrow().schemas());
    }

    /// The call with the refusal of a model that cannot answer such questions, if so.
    private static GenerationCall scoped(LanguageModel model, GenerationCall call) {
        if (!(call.prompt() instanceof Prompt.Conversation asked) || asked.continues()) {
            return call;
        }
        GenerationOptions given = call.grammar().map(call.options()::withGrammar).orElse(call.options());
        GenerationOptions options = ModelScope.applied(model, asked.messages(), given);
        return options == given ? call : call.withPrompt(new Prompt.Conversation(asked.messages(), List.of(),
                asked.variables(), false)).withOptions(options).withGrammar(options.grammar().orElseThrow());
    }

    private Optional<AnswerTools> tools() {
        if (!(call.prompt() instanceof Prompt.Conversation conversation) || conversation.tools().isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new AnswerTools(model.tools().map(ToolTemplate::format).orElseThrow(() ->
                new CallException("tools", "the model has no chat template, so it takes no tools; use another model")),
                conversation.tools(), call.toolChoice()));
    }

    private boolean continuesText() {
        return model.model().spec().encoder().isEmpty()
                && (!(call.prompt() instanceof Prompt.Conversation conversation) || conversation.continues());
    }

    /// The prompt as it was rendered.
    public RenderedPrompt prompt() {
        return prompt;
    }

    private Set<Integer> stopTokens() {
        return call.tokenRules().stops(model.tokenizer());
    }

    /// Generates all answers.
    ///
    /// @param isWanted asked between events: false cancels the answers
    /// @throws RuntimeException what the scheduler or the receiver throws; the answers are cancelled then
    public void run(AnswerReceiver receiver, BooleanSupplier isWanted) {
        if (usesServerTools) {
            new ToolRun(model, call, call.terms().tools().orElseThrow(), "\n\n").run(this, receiver, isWanted);
        } else {
            generate(receiver, isWanted);
        }
    }

    /// Generates the answers of one prompt.
    void generate(AnswerReceiver receiver, BooleanSupplier isWanted) {
        try (masks) {
            if (diffusion.isPresent()) {
                diffuse(model.diffusion().orElseThrow(), diffusion.get(), receiver, isWanted);
                return;
            }
            deliver(model.scheduler().submit(request()), receiver, isWanted);
        }
    }

    /// The options of a text diffusion model; empty for other models.
    private Optional<DiffusionOptions> diffusionOptions() {
        try {
            if (model.diffusion().isEmpty()) {
                DiffusionRun.requireNone(call.options().diffusion());
                return Optional.empty();
            }
            refuseOfTokens();
            return Optional.of(model.diffusion().get().options(call.options().sampling(),
                    call.options().diffusion()));
        } catch (CallException e) {
            throw e;
        } catch (IllegalArgumentException e) {
            String[] parts = e.getMessage().split(": ", 2);
            boolean isNamed = parts.length == 2 && parts[0].matches("\\w+");
            throw new CallException(isNamed ? parts[0] : "options", isNamed ? parts[1] : e.getMessage());
        }
    }

    /// Refuses what belongs to generation token after token.
    private void refuseOfTokens() {
        refuse(call.numAlternatives() >= 0, "logprobs");
        refuse(call.grammar().isPresent(), "response_format");
        refuse(call.toolChoice().isRequired() || call.toolChoice().isStrict(), "tool_choice");
        refuse(call.tokenRules().minTokens() > 0, "min_tokens");
        refuse(!call.options().steering().isNone(), "control_vectors");
        refuse(prompt.plan().filter(ThinkingPlan::isLimited).isPresent(), "thinking_budget");
    }

    /// Generates the answers of a text diffusion model, one after another.
    private void diffuse(DiffusionRun run, DiffusionOptions options, AnswerReceiver receiver,
            BooleanSupplier isWanted) {
        long seed = DiffusionRun.seed(call.options().sampling());
        Listener listener = new Listener();
        for (int i = 0; i < texts.length; i++) {
            int sample = i;
            listener.ended(sample, run.run(model.scheduler(), call.terms().caller(), prompt.ids(),
                    prompt.mostTokens(), options, seed, stopTokens(), sample, listener, canvas -> {
                        flush(receiver);
                        deliver(to -> to.canvas(sample, canvas), receiver);
                    }, () -> isWanted.getAsBoolean() && !call.terms().isStopping().getAsBoolean(),
                    CallTerms.left(call.terms().timeout(), since).toNanos()));
            flush(receiver);
        }
    }

    private void flush(AnswerReceiver receiver) {
        for (AnswerEvent event = events.poll(); event != null; event = events.poll()) {
            deliver(event, receiver);
        }
    }

    private static void refuse(boolean isUsed, String name) {
        if (isUsed) {
            throw new CallException(name, DiffusionRun.refusal());
        }
    }

    private void deliver(Generation generation, AnswerReceiver receiver, BooleanSupplier isWanted) {
        try {
            while (numEnded < texts.length) {
                AnswerEvent event = next(generation);
                if (!isWanted.getAsBoolean()) {
                    return;
                }
                if (call.terms().isStopping().getAsBoolean()) {
                    throw new CancellationException("the answer was ended");
                }
                if (event != null) {
                    deliver(event, receiver);
                }
            }
        } finally {
            if (!generation.isDone()) {
                generation.cancel();
            }
        }
    }

    /// Calls receivers as runs with the same lock do: one at a time.
    void lockedBy(Lock other) {
        lock = other;
    }

    private void deliver(AnswerEvent event, AnswerReceiver receiver) {
        lock.lock();
        try {
            event.deliver(receiver);
        } finally {
            lock.unlock();
        }
    }

    private AnswerEvent next(Generation generation) {
        // Asked first: what is done adds no further event.
        boolean isDone = generation.isDone();
        try {
            AnswerEvent event = events.poll(isDone ? 0 : CHECK_MILLIS, TimeUnit.MILLISECONDS);
            if (event == null && isDone) {
                generation.completions().forEach(Completion::orThrow);
                throw new IllegalStateException("an answer has ended without an event");
            }
            return event;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("the answer was ended");
        }
    }

    private GenerationRequest request() {
        Optional<Encoder> encoder = model.model().spec().encoder();
        GenerationRequest.Builder request = encoder.isPresent()
                ? GenerationRequest.of(encoder.get().startToken()).source(prompt.ids())
                : GenerationRequest.of(prompt.input());
        request.sampling(call.options().sampling()).maxTokens(prompt.mostTokens()).stopTokens(stopTokens())
                .numSamples(call.numSamples()).fairnessKey(call.terms().caller())
                .cacheKey(call.terms().cacheKey()).adapter(model.adapter()).steering(call.options().steering())
                .timeout(CallTerms.left(call.terms().timeout(), since)).listener(new Listener());
        if (call.numAlternatives() >= 0) {
            request.logProbabilities(call.numAlternatives());
        }
        if (call.tokenRules().endsAtStopTokens() && call.tokenRules().minTokens() == 0) {
            request.endsLoops();
        }
        mask().ifPresent(request::mask);
        return request.build();
    }

    private Optional<IntFunction<TokenMask>> mask() {
        Optional<IntFunction<TokenMask>> mask = masks.ofSample(prompt.plan(), !continuesText());
        int fewest = call.tokenRules().minTokens();
        return fewest == 0 ? mask : Optional.of(sample -> new MinTokensMask(
                mask.map(of -> of.apply(sample)).orElse(null), model.tokenizer().vocabSize(), stopTokens(), fewest));
    }

    /// Receives tokens on the thread that computes.
    private final class Listener implements TokenListener {
        private final long[] lastToken = new long[texts.length];

        @Override
        public boolean token(int sample, int token, float logProbability) {
            return token(sample, token, logProbability, List.of());
        }

        @Override
        public boolean token(int sample, int token, float logProbability, List<TokenLogProbability> alternatives) {
            if (call.numAlternatives() >= 0) {
                GeneratedToken made = new GeneratedToken(token, logProbability, alternatives);
                events.add(to -> to.token(sample, made));
            }
            long now = System.nanoTime();
            if (lastToken[sample] != 0) {
                call.terms().observer().token(now - lastToken[sample]);
            }
            lastToken[sample] = now;
            return texts[sample].accept(token);
        }

        @Override
        public void ended(int sample, Completion made) {
            AnswerText text = texts[sample];
            text.finish();
            call.terms().observer().ended(made.promptTokens(), made.reusedTokens(), made.tokens().length,
                    made.firstTokenNanos());
            AnswerEnd end = new AnswerEnd(made.finish(), text.stop(), text.numToolCalls(), made.tokens().length,
                    text.thinkingTokens(), made.promptTokens(), made.reusedTokens(), made.firstTokenNanos(),
                    made.totalNanos());
            events.add(to -> {
                numEnded++;
                made.orThrow();
                to.ended(sample, end);
            });
        }
    }

    /// A mask without stop tokens until an answer has its fewest tokens. Where another mask allows stop tokens alone,
    /// such as at the end of a grammar's text, they stay allowed.
    static final class MinTokensMask implements TokenMask {
        private final TokenMask inner;
        private final int vocabSize;
        private final Set<Integer> stops;
        private int left;

        /// @param inner the other mask; null for none
        MinTokensMask(TokenMask inner, int vocabSize, Set<Integer> stops, int minTokens) {
            this.inner = inner;
            this.vocabSize = vocabSize;
            this.stops = stops;
            this.left = minTokens;
        }

        @Override
        public long[] allowed() {
            long[] others = inner == null ? null : inner.allowed();
            if (left <= 0) {
                return others;
            }
            long[] words = new long[(vocabSize + Long.SIZE - 1) / Long.SIZE];
            if (others == null) {
                Arrays.fill(words, -1L);
                if (vocabSize % Long.SIZE != 0) {
                    words[words.length - 1] = (1L << vocabSize) - 1;
                }
            } else {
                System.arraycopy(others, 0, words, 0, Math.min(others.length, words.length));
            }
            for (int stop : stops) {
                if (stop / Long.SIZE < words.length) {
                    words[stop / Long.SIZE] &= ~(1L << stop);
                }
            }
            return Arrays.stream(words).allMatch(word -> word == 0) ? others : words;
        }

        @Override
        public boolean isReady() {
            return inner == null || inner.isReady();
        }

        @Override
        public void stop() {
            if (inner != null) {
                inner.stop();
            }
        }

        @Override
        public int forced() {
            return inner == null ? -1 : inner.forced();
        }

        @Override
        public int replace(int token) {
            return inner == null ? token : inner.replace(token);
        }

        @Override
        public void accept(int token) {
            left--;
            if (inner != null) {
                inner.accept(token);
            }
        }
    }
}
