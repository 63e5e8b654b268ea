package glia.engine;

import glia.engine.sampling.Sampler;
import glia.engine.sampling.StopCriteria;
import glia.tensor.Tensor;
import glia.text.tokenizer.StreamingDecoder;
import glia.text.tokenizer.Tokenizer;
import java.util.Arrays;

/// Makes answers in one sequence and remembers its tokens, so that a prompt that begins as the last one did costs only
/// what is new. For one thread.
public final class Generator implements AutoCloseable {
    private final Tokenizer tokenizer;
    private final int vocabSize;
    private final int contextLength;
    private final LoadedModel model;
    private Steps steps;
    /// The tokens that are remembered, and room for more.
    private int[] tokens = new int[256];

    Generator(LoadedModel model, Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
        this.vocabSize = Math.min(tokenizer.vocabSize(), model.model().spec().vocabSize());
        this.contextLength = model.contextLength();
        this.model = model;
    }

    /// Tokens remembered.
    public int length() {
        return steps == null ? 0 : steps.length();
    }

    /// Answers a prompt.
    ///
    /// @param special whether ids of special tokens come out as text
    /// @throws ContextFullException if the prompt leaves no room for an answer
    public Answer generate(int[] prompt, GenerationOptions options, boolean special, TextListener listener) {
        if (prompt.length == 0) {
            throw new IllegalArgumentException("a prompt of no tokens: there is nothing to continue");
        }
        if (prompt.length >= contextLength) {
            throw new ContextFullException(prompt.length, contextLength);
        }
        long start = System.nanoTime();
        if (steps == null) {
            steps = model.steps();
        }
        int reused = reuse(prompt);
        Tensor logits = steps.prefill(prompt, reused, listener::cancelled);
        if (logits.rows() == 0) {
            return new Answer("", Finish.CANCELLED, prompt.length, reused, 0, 0, 0, 0, System.nanoTime() - start);
        }
        Sampler sampler = new Sampler(options.sampling(), vocabSize);
        for (int token : prompt) {
            sampler.accept(token);
        }
        Text text = new Text(options, special, listener);
        int count = 0;
        long firstToken = 0;
        Finish finish;
        while (true) {
            int token = sampler.sample(logits, 0);
            sampler.accept(token);
            count++;
            firstToken = count == 1 ? System.nanoTime() - start : firstToken;
            finish = text.accept(token, prompt.length + count, count);
            if (finish != null) {
                break;
            }
            remember(token);
            logits = steps.step(token);
        }
        text.end();
        return new Answer(text.whole.toString(), finish, prompt.length, reused, count, steps.numDrafted(),
                steps.numAccepted(), firstToken, System.nanoTime() - start);
    }

    /// Keeps the common beginning of what is remembered and the prompt, all but the prompt's last token, whose logits
    /// are needed.
    private int reuse(int[] prompt) {
        int common = 0;
        int most = Math.min(steps.length(), prompt.length - 1);
        while (common < most && tokens[common] == prompt[common]) {
            common++;
        }
        if (tokens.length < prompt.length + 1) {
            tokens = Arrays.copyOf(tokens, Math.max(2 * tokens.length, prompt.length + 1));
        }
        System.arraycopy(prompt, 0, tokens, 0, prompt.length);
        return steps.keep(common);
    }

    private void remember(int token) {
        int at = steps.length();
        if (at == tokens.length) {
            tokens = Arrays.copyOf(tokens, 2 * at);
        }
        tokens[at] = token;
    }

    /// The text of an answer on its way to the listener.
    private final class Text {
        private final GenerationOptions options;
        private final TextListener listener;
        private final StreamingDecoder decoder;
        private final StopCriteria stops;
        private final StringBuilder whole = new StringBuilder();

        Text(GenerationOptions options, boolean special, TextListener listener) {
            this.options = options;
            this.listener = listener;
            this.decoder = tokenizer.streamingDecoder(!special);
            this.stops = new StopCriteria(tokenizer.endOfGeneration(), options.stops());
        }

        /// Takes a token; says why the answer ends, or null.
        Finish accept(int token, int length, int count) {
            if (stops.isStop(token)) {
                return Finish.STOP;
            }
            emit(stops.accept(decoder.accept(token)));
            if (stops.stopped()) {
                return Finish.STOP;
            }
            if (options.maxTokens() > 0 && count >= options.maxTokens()) {
                return Finish.LENGTH;
            }
            if (length >= contextLength) {
                return Finish.CONTEXT;
            }
            return listener.cancelled() ? Finish.CANCELLED : null;
        }

        void end() {
            emit(stops.accept(decoder.finish()));
            emit(stops.finish());
        }

        private void emit(String piece) {
            if (!piece.isEmpty()) {
                whole.append(piece);
                listener.text(piece);
            }
        }
    }

    /// Forgets everything.
    public void clear() {
        if (steps != null) {
            steps.keep(0);
        }
    }

    @Override
    public void close() {
        if (steps != null) {
            steps.close();
        }
    }
}
