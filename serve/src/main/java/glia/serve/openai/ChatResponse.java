package glia.serve.openai;

import static glia.serve.http.Json.ABSENT;
import static glia.serve.http.Json.object;

import glia.engine.answer.AnswerEnd;
import glia.engine.answer.AnswerReceiver;
import glia.engine.answer.CollectedAnswer;
import glia.engine.answer.GeneratedToken;
import glia.serve.chat.TokenTexts;
import glia.text.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// Collects the answers of a chat completion.
final class ChatResponse implements AnswerReceiver {
    private final String id;
    private final String model;
    private final long created = System.currentTimeMillis() / 1000;
    private final TokenTexts tokens;
    private final boolean hasLogProbabilities;
    private final Choice[] choices;

    private static final class Choice extends CollectedAnswer {
        private final List<Map<String, Object>> logProbabilities = new ArrayList<>();
    }

    /// @param alternatives -1 for no log-probabilities
    ChatResponse(String requestId, String model, Tokenizer tokenizer, int numSamples, int alternatives) {
        this.id = "chatcmpl-" + requestId.substring(requestId.indexOf('_') + 1);
        this.model = model;
        this.tokens = new TokenTexts(tokenizer);
        this.hasLogProbabilities = alternatives >= 0;
        this.choices = new Choice[numSamples];
        for (int i = 0; i < numSamples; i++) {
            choices[i] = new Choice();
        }
    }

    /// What the model's log-probabilities say of a token.
    Map<String, Object> logProbability(GeneratedToken token) {
        return tokens.logProbability(token);
    }

    @Override
    public void token(int sample, GeneratedToken token) {
        choices[sample].logProbabilities.add(logProbability(token));
    }

    @Override
    public void thinking(int sample, String piece) {
        choices[sample].thinking(sample, piece);
    }

    @Override
    public void text(int sample, String piece) {
        choices[sample].text(sample, piece);
    }

    @Override
    public void toolCall(int sample, int index, String callId, String name) {
        choices[sample].toolCall(sample, index, callId, name);
    }

    @Override
    public void toolArguments(int sample, int index, String piece) {
        choices[sample].toolArguments(sample, index, piece);
    }

    @Override
    public void ended(int sample, AnswerEnd end) {
        choices[sample].ended(sample, end);
    }

    /// Whether all answers have ended.
    boolean isComplete() {
        for (Choice choice : choices) {
            if (choice.end().isEmpty()) {
                return false;
            }
        }
        return true;
    }

    /// The response that is not streamed.
    Map<String, Object> whole() {
        List<Object> list = new ArrayList<>();
        for (int i = 0; i < choices.length; i++) {
            Choice choice = choices[i];
            list.add(object("index", i, "message", message(choice), "logprobs",
                    hasLogProbabilities ? object("content", choice.logProbabilities, "refusal", null) : null,
                    "finish_reason", ChatCompletions.reason(choice.end().orElseThrow())));
        }
        return object("id", id, "object", "chat.completion", "created", created, "model", model, "choices", list,
                "usage", usage(), "system_fingerprint", null, "timings", timings(0));
    }

    private static Map<String, Object> message(Choice choice) {
        List<Object> calls = new ArrayList<>();
        for (CollectedAnswer.Call call : choice.calls()) {
            calls.add(object("id", call.id(), "type", "function", "function",
                    object("name", call.name(), "arguments", call.arguments())));
        }
        boolean isCallAlone = choice.text().isEmpty() && !calls.isEmpty();
        return object("role", "assistant", "content", isCallAlone ? null : choice.text(), "refusal", null,
                "reasoning_content", choice.thinking().isEmpty() ? ABSENT : choice.thinking(),
                "tool_calls", calls.isEmpty() ? ABSENT : calls);
    }

    private Object timings(int sample) {
        return choices[sample].end().<Object>map(CompletionResponse.Usage::timings).orElse(ABSENT);
    }

    /// A chunk of a streamed response.
    Map<String, Object> chunk(int sample, Map<String, Object> delta, Object logProbabilities, String reason,
            boolean withUsage) {
        return object("id", id, "object", "chat.completion.chunk", "created", created, "model", model,
                "system_fingerprint", null, "choices", List.of(object("index", sample, "delta", delta, "logprobs",
                        logProbabilities, "finish_reason", reason)), "usage", withUsage ? null : ABSENT,
                "timings", timings(sample));
    }

    /// The last chunk, which has the usage and no choices.
    Map<String, Object> usageChunk() {
        return object("id", id, "object", "chat.completion.chunk", "created", created, "model", model, "choices",
                List.of(), "usage", usage(), "timings", timings(0));
    }

    private Map<String, Object> usage() {
        int generated = 0;
        int thought = 0;
        for (Choice choice : choices) {
            generated += choice.end().orElseThrow().tokens();
            thought += choice.end().orElseThrow().thinkingTokens();
        }
        return CompletionResponse.Usage.of(choices[0].end().orElseThrow(), generated, thought);
    }
}
