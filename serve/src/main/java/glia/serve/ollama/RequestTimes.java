package glia.serve.ollama;

import static glia.serve.http.Json.object;

import glia.engine.answer.AnswerEnd;
import java.util.Map;

/// The durations of a request, in nanoseconds.
final class RequestTimes {
    private final long start = System.nanoTime();
    private long load;

    /// Notes that the model is there.
    void loaded() {
        load = System.nanoTime() - start;
    }

    /// The durations and counts of an answer. Those of the prompt include the time that the request waited.
    Map<String, Object> end(AnswerEnd end) {
        return object("total_duration", System.nanoTime() - start, "load_duration", load, "prompt_eval_count",
                end.promptTokens(), "prompt_eval_duration", end.firstTokenNanos(), "eval_count", end.tokens(),
                "eval_duration", Math.max(0, end.totalNanos() - end.firstTokenNanos()));
    }

    /// The durations and counts of embeddings.
    Map<String, Object> end(int promptTokens) {
        return object("total_duration", System.nanoTime() - start, "load_duration", load, "prompt_eval_count",
                promptTokens);
    }
}
