package glia.serve.openai;

import static glia.serve.http.Json.ABSENT;
import static glia.serve.http.Json.object;

import glia.engine.answer.AnswerEnd;
import glia.engine.answer.AnswerReceiver;
import glia.engine.answer.GeneratedToken;
import glia.engine.sampling.TokenLogProbability;
import glia.engine.score.PromptScorer;
import glia.serve.chat.TokenTexts;
import glia.serve.http.EventStream;
import glia.text.tokenizer.StreamingDecoder;
import glia.text.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Collects the choices of a completion, or writes their chunks to a stream.
final class CompletionResponse {
    private final String id;
    private final String model;
    private final CompletionRequest request;
    private final long created = System.currentTimeMillis() / 1000;
    private final Choice[] choices;
    /// Null for a response that is not streamed.
    private EventStream stream;

    CompletionResponse(String requestId, String model, CompletionRequest request) {
        this.id = "cmpl-" + requestId.substring(requestId.indexOf('_') + 1);
        this.model = model;
        this.request = request;
        this.choices = new Choice[request.prompts().ids().size() * request.samples()];
        for (int i = 0; i < choices.length; i++) {
            choices[i] = new Choice(i);
        }
    }

    /// Writes choices to a stream from now on.
    void to(EventStream events) {
        stream = events;
    }

    /// Begins the choices of a prompt: echoes it.
    ///
    /// @param score of the prompt; null if it is not wanted
    void begin(int prompt, PromptScorer.Score score) {
        for (int sample = 0; sample < request.samples(); sample++) {
            choices[prompt * request.samples() + sample].begin(score);
        }
    }

    /// The receiver of the answers to a prompt.
    AnswerReceiver receiver(int prompt) {
        return new Receiver(prompt * request.samples());
    }

    /// Ends all choices without generated tokens.
    void endPrompts() {
        for (Choice choice : choices) {
            choice.end = new End("length", null, choice.promptIds().length, 0, 0, 0, ABSENT);
            choice.write("", choice.end);
        }
    }

    boolean isComplete() {
        return Arrays.stream(choices).allMatch(choice -> choice.end != null);
    }

    Map<String, Object> whole() {
        List<Object> list = new ArrayList<>();
        for (Choice choice : choices) {
            list.add(choice.json(choice.text.toString(), choice.end));
        }
        Map<String, Object> body = envelope(list);
        body.putAll(object("usage", usage(), "timings", choices[0].end.timings()));
        return body;
    }

    Map<String, Object> usageChunk() {
        Map<String, Object> body = envelope(List.of());
        body.put("usage", usage());
        return body;
    }

    private Map<String, Object> envelope(List<?> list) {
        return object("id", id, "object", "text_completion", "created", created, "model", model,
                "system_fingerprint", null, "choices", list);
    }

    private Map<String, Object> usage() {
        int read = 0;
        int reused = 0;
        int made = 0;
        int thought = 0;
        for (Choice choice : choices) {
            boolean isFirst = choice.index % request.samples() == 0;
            read += isFirst ? choice.end.read() : 0;
            reused += isFirst ? choice.end.reused() : 0;
            made += choice.end.made();
            thought += choice.end.thought();
        }
        return Usage.of(read, reused, made, thought);
    }

    private record End(String reason, String stop, int read, int reused, int made, int thought,
            Object timings) { }

    private final class Choice {
        private final int index;
        private final StringBuilder text = new StringBuilder();
        private final CompletionTokens tokens;
        private boolean isWritten;
        private End end;

        Choice(int index) {
            this.index = index;
            this.tokens = new CompletionTokens(request.tokenizer());
        }

        private int[] promptIds() {
            return request.prompts().ids().get(index / request.samples());
        }

        void begin(PromptScorer.Score score) {
            int[] ids = promptIds();
            if (!request.echo()) {
                tokens.follow(ids[ids.length - 1]);
                return;
            }
            for (int i = 0; score != null && i < ids.length; i++) {
                tokens.prompt(ids[i], score.logProbabilities()[i], score.alternatives().get(i));
            }
            write(request.prompts().texts().get(index / request.samples()), null);
        }

        /// Adds text, or the end.
        void write(String piece, End last) {
            if (stream == null) {
                text.append(piece);
                return;
            }
            Map<String, Object> body = envelope(List.of(json(piece, last)));
            body.putAll(object("timings", last == null ? ABSENT : last.timings()));
            if (request.withUsage()) {
                body.put("usage", null);
            }
            stream.event(body);
        }

        private Map<String, Object> json(String piece, End last) {
            Object promptIds = request.returnsIds() && !isWritten ? promptIds() : ABSENT;
            isWritten = true;
            return object("index", index, "text", piece,
                    "logprobs", request.alternatives() >= 0 ? tokens.takeLogProbabilities() : null,
                    "finish_reason", last == null ? null : last.reason(),
                    "stop_reason", last == null ? null : last.stop(),
                    "prompt_token_ids", promptIds,
                    "token_ids", request.returnsIds() ? tokens.takeIds() : ABSENT);
        }
    }

    private final class Receiver implements AnswerReceiver {
        private final int first;

        Receiver(int first) {
            this.first = first;
        }

        @Override
        public void token(int sample, GeneratedToken token) {
            choices[first + sample].tokens.generated(token);
        }

        @Override
        public void text(int sample, String piece) {
            choices[first + sample].write(piece, null);
        }

        @Override
        public void ended(int sample, AnswerEnd end) {
            Choice choice = choices[first + sample];
            choice.end = new End(ChatCompletions.reason(end), end.stop().orElse(null), end.promptTokens(),
                    end.reusedTokens(), end.tokens(), end.thinkingTokens(), Usage.timings(end));
            choice.write("", choice.end);
        }
    }

    /// The tokens of one choice of a completion with their log-probabilities and places in the text: those that have
    /// not been written yet.
    static final class CompletionTokens {
        private final TokenTexts texts;
        private final StreamingDecoder decoder;
        private int offset;
        private List<Object> names = new ArrayList<>();
        private List<Object> logProbabilities = new ArrayList<>();
        private List<Object> alternatives = new ArrayList<>();
        private List<Object> offsets = new ArrayList<>();
        private List<Object> ids = new ArrayList<>();

        CompletionTokens(Tokenizer tokenizer) {
            this.texts = new TokenTexts(tokenizer);
            this.decoder = tokenizer.streamingDecoder(true);
        }

        /// Passes by the prompt, which is not echoed.
        void follow(int lastOfPrompt) {
            decoder.accept(lastOfPrompt);
        }

        /// Adds a token of the prompt.
        ///
        /// @param logProbability NaN for the first token
        void prompt(int id, float logProbability, List<TokenLogProbability> others) {
            add(id, Float.isNaN(logProbability) ? null : TokenTexts.finite(logProbability),
                    Float.isNaN(logProbability) ? null : others);
        }

        /// Adds a generated token.
        void generated(GeneratedToken token) {
            ids.add(token.id());
            add(token.id(), TokenTexts.finite(token.logProbability()), token.alternatives());
        }

        private void add(int id, Double logProbability, List<TokenLogProbability> others) {
            names.add(texts.name(id));
            logProbabilities.add(logProbability);
            offsets.add(offset);
            offset += decoder.accept(id).length();
            if (others == null) {
                alternatives.add(null);
                return;
            }
            Map<String, Object> map = new LinkedHashMap<>();
            for (TokenLogProbability other : others) {
                map.putIfAbsent(texts.name(other.token()), TokenTexts.finite(other.logProbability()));
            }
            // As OpenAI's API: the token itself is there, too.
            map.putIfAbsent(texts.name(id), logProbability);
            alternatives.add(map);
        }

        /// The log-probabilities since the last call, as the API has them.
        Map<String, Object> takeLogProbabilities() {
            Map<String, Object> taken = object("tokens", names, "token_logprobs", logProbabilities, "top_logprobs",
                    alternatives, "text_offset", offsets);
            names = new ArrayList<>();
            logProbabilities = new ArrayList<>();
            alternatives = new ArrayList<>();
            offsets = new ArrayList<>();
            return taken;
        }

        /// The ids of the generated tokens since the last call.
        List<Object> takeIds() {
            List<Object> taken = ids;
            ids = new ArrayList<>();
            return taken;
        }
    }

    /// The tokens of a request in OpenAI's names.
    static final class Usage {
        private Usage() { }

        /// The durations of an answer in the names of llama-server. Those of the prompt include the time that it
        /// waited.
        static Map<String, Object> timings(AnswerEnd end) {
            int read = end.promptTokens() - end.reusedTokens();
            double prompt = end.firstTokenNanos() / 1e6;
            double made = Math.max(0, end.totalNanos() - end.firstTokenNanos()) / 1e6;
            return object("cache_n", end.reusedTokens(), "prompt_n", read, "prompt_ms", prompt, "prompt_per_token_ms",
                    prompt / Math.max(1, read), "prompt_per_second", rate(read, prompt), "predicted_n", end.tokens(),
                    "predicted_ms", made, "predicted_per_token_ms", made / Math.max(1, end.tokens()),
                    "predicted_per_second", rate(end.tokens(), made));
        }

        private static double rate(int tokens, double millis) {
            return millis == 0 ? 0 : tokens / millis * 1e3;
        }

        /// @param first the end of the first answer, which prefilled the prompt
        /// @param generated tokens of all answers
        /// @param thought tokens of thinking of all answers
        static Map<String, Object> of(AnswerEnd first, int generated, int thought) {
            return of(first.promptTokens(), first.reusedTokens(), generated, thought);
        }

        /// @param read tokens of the prompts
        /// @param reused tokens of the prompts that the KV cache held
        static Map<String, Object> of(int read, int reused, int generated, int thought) {
            return object("prompt_tokens", read, "completion_tokens", generated, "total_tokens", read + generated,
                    "prompt_tokens_details", object("cached_tokens", reused, "audio_tokens", 0),
                    "completion_tokens_details", object("reasoning_tokens", thought, "audio_tokens", 0,
                            "accepted_prediction_tokens", 0, "rejected_prediction_tokens", 0));
        }
    }
}
