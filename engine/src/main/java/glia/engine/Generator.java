package glia.engine;

import glia.engine.answer.AnswerReceiver;
import glia.engine.answer.AnswerText;
import glia.engine.answer.TokenRules;
import glia.engine.diffusion.DiffusionRun;
import glia.engine.grammar.Grammar;
import glia.engine.grammar.GrammarVocabulary;
import glia.engine.load.LoadedModel;
import glia.engine.sampling.TokenMask;
import glia.engine.schedule.Completion;
import glia.engine.schedule.Finish;
import glia.engine.schedule.GenerationRequest;
import glia.engine.schedule.QueueFullException;
import glia.engine.schedule.Session;
import glia.engine.schedule.TokenListener;
import glia.engine.state.ContextFullException;
import glia.engine.thinking.ThinkingPlan;
import glia.engine.thinking.Thought;
import glia.jinja.value.TextBuilder;
import glia.jinja.value.TrustedText;
import glia.model.block.Input;
import glia.model.spec.Encoder;
import glia.text.tokenizer.Tokenizer;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/// Generates answers and keeps the KV cache of the last one, so that a prompt with the same beginning computes only the
/// new tokens. Generators of different threads share the model; each is for one thread.
public final class Generator implements AutoCloseable {
    private final Tokenizer tokenizer;
    private final Supplier<GrammarVocabulary> vocabulary;
    private final LoadedModel model;
    private final int adapter;
    private final Optional<DiffusionRun> diffusion;
    private Session session;
    private boolean isClosed;

    /// @param vocabulary gives the vocabulary for grammars
    /// @param adapter the number of the adapter that it generates with; 0 for none
    /// @param diffusion generates by text diffusion; empty for other models
    Generator(LoadedModel model, Tokenizer tokenizer, Supplier<GrammarVocabulary> vocabulary, int adapter,
            Optional<DiffusionRun> diffusion) {
        if (model.model().spec().head().classes().isPresent()) {
            throw new IllegalArgumentException("the model is a classifier and generates no text; use glia classify");
        }
        this.tokenizer = tokenizer;
        this.vocabulary = vocabulary;
        this.model = model;
        this.adapter = adapter;
        this.diffusion = diffusion;
    }

    /// The number of tokens in the KV cache.
    public int length() {
        return session == null ? 0 : session.length();
    }

    /// Continues a prompt, without a chat template and so without thinking. If the thread is interrupted, the answer
    /// ends with [Finish#INTERRUPTED] and has the text until then, and the thread's interrupt flag is set.
    ///
    /// @param special whether special tokens are part of the text
    /// @param listener called on this thread
    /// @throws ContextFullException if the prompt leaves no room for an answer
    /// @throws QueueFullException if too many requests wait for the model
    /// @throws IllegalStateException if the generator or the model is closed
    public Answer generate(int[] prompt, GenerationOptions options, boolean special, TextListener listener) {
        return generated(Input.of(prompt), options, special, Optional.empty(), listener).answer();
    }

    /// An answer and the ids of its tokens, with the stop token, if one came.
    record Generated(Answer answer, int[] tokens) { }

    /// @param plan the thinking after the prompt; empty for models that do not think
    Generated generated(Input input, GenerationOptions options, boolean special, Optional<ThinkingPlan> plan,
            TextListener listener) {
        if (isClosed) {
            throw new IllegalStateException("the generator or its chat is closed");
        }
        int[] prompt = input.ids();
        Text text = new Text(options, special, plan, listener);
        if (diffusion.isPresent()) {
            return generated(diffused(diffusion.get(), prompt, options, plan, text), text, special, plan);
        }
        DiffusionRun.requireNone(options.diffusion());
        if (session == null) {
            session = model.scheduler().session();
        }
        Optional<Encoder> encoder = model.model().spec().encoder();
        GenerationRequest.Builder request = encoder.isPresent() && prompt.length > 0
                ? GenerationRequest.of(encoder.get().startToken()).source(prompt) : GenerationRequest.of(input);
        request.sampling(options.sampling()).maxTokens(options.maxTokens()).session(session).adapter(adapter)
                .steering(options.steering()).stopTokens(stopTokens(options)).endsLoops().listener(text);
        if (options.grammar().isPresent()) {
            request.mask(sample -> mask(options.grammar().get(), plan));
        } else if (plan.isPresent() && plan.get().isLimited()) {
            request.mask(sample -> plan.get().mask().orElseThrow());
        }
        return generated(model.scheduler().generate(request.build(), text::deliver), text, special, plan);
    }

    private Completion diffused(DiffusionRun run, int[] prompt, GenerationOptions options, Optional<ThinkingPlan> plan,
            Text text) {
        DiffusionRun.refuse(options.grammar().isPresent(), "the form of the answer (grammar)");
        DiffusionRun.refuse(plan.isPresent() && plan.get().isLimited(), "the limit of thinking");
        DiffusionRun.refuse(!options.steering().isNone(), "a control vector");
        return run.run(model.scheduler(), "", prompt, options.maxTokens(),
                run.options(options.sampling(), options.diffusion()), DiffusionRun.seed(options.sampling()),
                stopTokens(options), 0, text, canvas -> {
                    text.deliver();
                    text.listener.canvas(canvas);
                }, text::deliver, Long.MAX_VALUE);
    }

    private Generated generated(Completion made, Text text, boolean special, Optional<ThinkingPlan> plan) {
        TrustedText content = content(made.tokens(), text.end(), !special);
        return new Generated(new Answer(content, made.finish(), made.promptTokens(), made.reusedTokens(),
                made.tokens().length, made.draftedTokens(), made.acceptedTokens(), made.firstTokenNanos(),
                made.totalNanos(), text.thought(), plan.flatMap(ThinkingPlan::effort)), made.tokens());
    }

    private Set<Integer> stopTokens(GenerationOptions options) {
        Set<Integer> all = new HashSet<>(tokenizer.endOfGeneration());
        all.addAll(options.stopTokens());
        return all;
    }

    private TokenMask mask(Grammar grammar, Optional<ThinkingPlan> plan) {
        // After thinking, the decoder drops no space.
        TokenMask answer = grammar.mask(vocabulary.get(), plan.isEmpty());
        return plan.map(thinking -> thinking.mask(answer)).orElse(answer);
    }

    /// The text of an answer with its trusted markers, without its thinking and what a stop string has cut off.
    private TrustedText content(int[] tokens, String text, boolean skipSpecial) {
        for (int token : tokens) {
            if (tokenizer.isMarker(token)) {
                TrustedText whole = tokenizer.decodeTrusted(tokens, skipSpecial);
                int at = whole.toString().startsWith(text) ? 0 : whole.toString().lastIndexOf(text);
                if (at < 0) {
                    break;
                }
                return new TextBuilder().append(whole, at, at + text.length()).whole();
            }
        }
        return new TextBuilder().append(text).whole();
    }

    /// The text of an answer: written by the computing thread, read by the calling one.
    private final class Text implements TokenListener, AnswerReceiver {
        private final TextListener listener;
        private final AnswerText text;
        private final StringBuilder whole = new StringBuilder();
        private final StringBuilder thinking = new StringBuilder();
        private int numDelivered;
        private int numThinkingDelivered;
        private long thinkingStart = System.nanoTime();
        private long thinkingNanos;
        private boolean isFinished = true;
        /// Whether the thinking has ended.
        private boolean isThought;
        private boolean isThoughtDelivered;
        /// Tokens of the prompt that are computed, and of all of it.
        private int numRead;
        private int numReadDelivered;
        private int length;

        Text(GenerationOptions options, boolean special, Optional<ThinkingPlan> plan, TextListener listener) {
            this.listener = listener;
            this.text = new AnswerText(tokenizer, new TokenRules(true, Set.of(), 0, special), options.stops(), plan,
                    Optional.empty(), 0, event -> event.deliver(this));
        }

        @Override
        public synchronized boolean token(int sample, int token, float logProbability) {
            boolean wasThinking = text.isThinking();
            boolean goesOn = text.accept(token);
            if (!wasThinking && text.isThinking()) {
                thinkingStart = System.nanoTime();
            } else if (wasThinking && !text.isThinking()) {
                thinkingNanos += System.nanoTime() - thinkingStart;
            }
            isThought |= text.isAnswer() && !thinking.isEmpty();
            return goesOn;
        }

        @Override
        public synchronized void prefilled(int tokens, int promptLength) {
            numRead = tokens;
            length = promptLength;
        }

        @Override
        public void thinking(int sample, String piece) {
            thinking.append(piece);
        }

        @Override
        public void text(int sample, String piece) {
            whole.append(piece);
        }

        synchronized Thought thought() {
            return text.thinkingTokens() == 0 ? Thought.NONE
                    : new Thought(thinking.toString(), text.thinkingTokens(), thinkingNanos, isFinished);
        }

        /// Passes new text to the listener.
        ///
        /// @return false if the listener has cancelled
        boolean deliver() {
            deliverProgress();
            deliverThinking();
            String piece = take();
            if (!piece.isEmpty()) {
                listener.text(piece);
            }
            return !listener.cancelled();
        }

        private void deliverProgress() {
            int read;
            synchronized (this) {
                read = numRead;
            }
            if (read > numReadDelivered) {
                numReadDelivered = read;
                listener.reading(read, length);
            }
        }

        private void deliverThinking() {
            String piece;
            boolean hasEnded;
            synchronized (this) {
                piece = thinking.substring(numThinkingDelivered);
                numThinkingDelivered = thinking.length();
                hasEnded = isThought && !isThoughtDelivered;
                isThoughtDelivered |= hasEnded;
            }
            if (!piece.isEmpty()) {
                listener.thinking(piece);
            }
            if (hasEnded) {
                listener.thought(thought());
            }
        }

        private synchronized String take() {
            String piece = whole.substring(numDelivered);
            numDelivered = whole.length();
            return piece;
        }

        /// Passes the rest to the listener and returns the whole text.
        String end() {
            synchronized (this) {
                if (text.isThinking()) {
                    isFinished = false;
                    thinkingNanos += System.nanoTime() - thinkingStart;
                }
                text.finish();
                isThought |= !thinking.isEmpty();
            }
            deliverThinking();
            String rest = take();
            if (!rest.isEmpty()) {
                listener.text(rest);
            }
            return whole.toString();
        }
    }

    /// Clears the KV cache.
    public void clear() {
        if (session != null) {
            session.clear();
        }
    }

    @Override
    public void close() {
        isClosed = true;
        if (session != null) {
            session.close();
        }
    }
}
