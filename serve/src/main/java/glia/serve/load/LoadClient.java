package glia.serve.load;

import glia.io.json.JsonValues;
import glia.serve.http.Json;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.ConnectException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.random.RandomGenerator;

/// Sends one request after another, as a normal, slow, vanishing or hostile client.
final class LoadClient {
    private static final int MOST_PIECES_BEFORE_LEAVING = 12;
    private static final long SLOW_MILLIS = 40;
    private static final int SLOW_PIECES = 50;

    private final HttpClient http;
    private final LoadPlan plan;
    private final LoadPrompts prompts;
    private final LoadRecorder recorder;
    private final RandomGenerator random;

    LoadClient(HttpClient http, LoadPlan plan, LoadPrompts prompts, LoadRecorder recorder, RandomGenerator random) {
        this.http = http;
        this.plan = plan;
        this.prompts = prompts;
        this.recorder = recorder;
        this.random = random;
    }

    static HttpClient connections(Executor threads) {
        return HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).executor(threads)
                .connectTimeout(Duration.ofSeconds(30)).build();
    }

    /// Sends a request and waits for its end.
    ///
    /// @param start from when times count, in `System.nanoTime`
    void run(long start) {
        double kind = random.nextDouble();
        LoadPlan.Mix mix = plan.mix();
        try {
            if (kind < mix.hostile()) {
                attack();
            } else if (kind < mix.hostile() + mix.vanishing()) {
                vanish(start);
            } else {
                answer(http, start, Integer.MAX_VALUE, kind < mix.hostile() + mix.vanishing() + mix.slow());
            }
        } catch (HttpTimeoutException e) {
            recorder.error("timeout");
        } catch (ConnectException e) {
            recorder.error("connection refused");
        } catch (IOException e) {
            recorder.error("connection lost", String.valueOf(e.getMessage()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            recorder.error("malformed answer (" + e.getClass().getSimpleName() + ")", String.valueOf(e.getMessage()));
        }
    }

    private HttpRequest request(byte[] body) {
        HttpRequest.Builder request = HttpRequest.newBuilder(plan.address("chat/completions"))
                .header("Content-Type", "application/json").timeout(LoadPlan.TIMEOUT)
                .POST(HttpRequest.BodyPublishers.ofByteArray(body));
        plan.key().ifPresent(key -> request.header("Authorization", "Bearer " + key));
        return request.build();
    }

    /// Sends a hostile body and checks that it is refused with an error of the API.
    private void attack() throws IOException, InterruptedException {
        byte[] body = HostileBodies.body(random.nextInt(HostileBodies.count()), Json.text(plan.model()));
        HttpResponse<byte[]> response = http.send(request(body), HttpResponse.BodyHandlers.ofByteArray());
        if (response.statusCode() < 400 || response.statusCode() >= 500) {
            recorder.error("hostile request: status " + response.statusCode(), message(response.body()));
        } else if (isTyped(response.body())) {
            recorder.refused();
        } else {
            recorder.error("untyped error, status " + response.statusCode(), message(response.body()));
        }
    }

    private static boolean isTyped(byte[] body) {
        try {
            return JsonValues.parse(body) instanceof Map<?, ?> map && map.get("error") instanceof Map<?, ?> error
                    && error.get("message") instanceof String && error.get("type") instanceof String;
        } catch (RuntimeException e) {
            return false;
        }
    }

    /// What an error says: its message in OpenAI's form, else all of it.
    private static String message(byte[] body) {
        return isTyped(body) && JsonValues.parse(body) instanceof Map<?, ?> map
                ? (String) ((Map<?, ?>) map.get("error")).get("message") : new String(body, StandardCharsets.UTF_8);
    }

    private byte[] body(LoadPrompts.Prompt prompt) {
        List<Object> messages = new ArrayList<>();
        if (!prompt.system().isEmpty()) {
            messages.add(Map.of("role", "system", "content", prompt.system()));
        }
        messages.add(Map.of("role", "user", "content", prompt.user()));
        return Json.bytes(Json.object("model", plan.model(), "messages", messages, "max_tokens", plan.maxTokens(),
                "temperature", plan.temperature(), "ignore_eos", plan.ignoresEnd() ? true : Json.ABSENT,
                "stream", plan.streams() ? true : Json.ABSENT,
                "stream_options", plan.streams() ? Map.of("include_usage", true) : Json.ABSENT));
    }

    /// Goes away within an answer. The connection is this client's alone and ends with it: no later request gets it.
    private void vanish(long start) throws IOException, InterruptedException {
        HttpClient own = connections(http.executor().orElseThrow());
        try {
            answer(own, start, random.nextInt(MOST_PIECES_BEFORE_LEAVING), false);
        } finally {
            own.shutdownNow();
        }
    }

    /// @param most pieces after which the client goes away
    private void answer(HttpClient http, long start, int most, boolean isSlow)
            throws IOException, InterruptedException {
        LoadPrompts.Prompt prompt = prompts.next(random);
        HttpResponse<InputStream> response = http.send(request(body(prompt)),
                HttpResponse.BodyHandlers.ofInputStream());
        try (InputStream in = response.body()) {
            if (response.statusCode() != 200) {
                byte[] error = in.readAllBytes();
                recorder.error((isTyped(error) ? "status " : "untyped error, status ") + response.statusCode(),
                        message(error));
            } else if (plan.streams()) {
                stream(start, prompt, in, most, isSlow);
            } else if (most < Integer.MAX_VALUE) {
                recorder.left();
            } else {
                Map<?, ?> whole = (Map<?, ?>) JsonValues.parse(in.readAllBytes());
                long now = System.nanoTime();
                recorder.firstToken(now - start);
                recorder.tokens(tokens(whole));
                Map<?, ?> message = (Map<?, ?>) ((Map<?, ?>) ((List<?>) whole.get("choices")).getFirst())
                        .get("message");
                end(prompt, text(message), now - start);
            }
        }
    }

    private void stream(long start, LoadPrompts.Prompt prompt, InputStream in, int most, boolean isSlow)
            throws IOException, InterruptedException {
        BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8), 1024);
        StringBuilder thinking = new StringBuilder();
        StringBuilder content = new StringBuilder();
        long last = 0;
        int numPieces = 0;
        long tokens = 0;
        String line = lines.readLine();
        while (line != null && !line.equals("data: [DONE]")) {
            if (numPieces >= most) {
                recorder.left();
                return;
            }
            if (line.startsWith("data:")) {
                Map<?, ?> chunk = (Map<?, ?>) JsonValues.parse(line.substring(5));
                if (chunk.get("error") != null) {
                    recorder.error("error in a stream", message(Json.bytes(chunk)));
                    return;
                }
                tokens = Math.max(tokens, tokens(chunk));
                if (chunk.get("choices") instanceof List<?> choices && !choices.isEmpty()
                        && ((Map<?, ?>) choices.getFirst()).get("delta") instanceof Map<?, ?> delta
                        && hasText(delta)) {
                    long now = System.nanoTime();
                    if (last == 0) {
                        recorder.firstToken(now - start);
                    } else if (!isSlow) {
                        recorder.betweenTokens(now - last);
                    }
                    last = now;
                    numPieces++;
                    recorder.tokens(1);
                    thinking.append(text(delta, "reasoning_content"));
                    content.append(text(delta, "content"));
                    if (isSlow && numPieces <= SLOW_PIECES) {
                        Thread.sleep(SLOW_MILLIS);
                    }
                }
            }
            line = lines.readLine();
        }
        if (line == null) {
            recorder.error("stream without an end");
            return;
        }
        if (tokens > 0) {
            recorder.correctTokens(tokens - numPieces);
        }
        end(prompt, thinking.append(content).toString(), System.nanoTime() - start);
    }

    private void end(LoadPrompts.Prompt prompt, String text, long nanos) {
        if (prompt.expected().isPresent() && !prompt.expected().get().equals(text)) {
            recorder.error("another answer than expected");
        } else {
            recorder.complete(nanos);
        }
    }

    private static long tokens(Map<?, ?> answer) {
        return answer.get("usage") instanceof Map<?, ?> usage && usage.get("completion_tokens") instanceof Number n
                ? n.longValue() : 0;
    }

    private static boolean hasText(Map<?, ?> delta) {
        return !text(delta, "content").isEmpty() || !text(delta, "reasoning_content").isEmpty();
    }

    private static String text(Map<?, ?> message) {
        return text(message, "reasoning_content") + text(message, "content");
    }

    private static String text(Map<?, ?> message, String key) {
        return message.get(key) instanceof String text ? text : "";
    }

    /// Bodies of requests that a server is to refuse with an error of its API.
    static final class HostileBodies {
        private static final String MESSAGES = "\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]";

        /// All of them, with `%s` for the model's name as JSON.
        private static final List<String> ALL = List.of("", "{", "[]", "null", "{\"model\":", "\u0000\u0001\u0002",
                "{\"model\":%s}", "{\"model\":%s,\"messages\":[]}", "{\"model\":%s,\"messages\":\"x\"}",
                "{\"model\":%s,\"messages\":[{\"role\":\"user\",\"content\":{}}]}",
                "{\"model\":%s,\"messages\":[{\"role\":\"\",\"content\":\"x\"}]}",
                "{\"model\":\"../../etc/passwd\"," + MESSAGES + "}", "{\"model\":\"\u0000\"," + MESSAGES + "}",
                "{\"model\":%s," + MESSAGES + ",\"max_tokens\":-1}",
                "{\"model\":%s," + MESSAGES + ",\"max_tokens\":1e308}",
                "{\"model\":%s," + MESSAGES + ",\"temperature\":\"hot\"}",
                "{\"model\":%s," + MESSAGES + ",\"n\":1000000000}", "{\"model\":%s," + MESSAGES + ",\"stop\":[1,2]}",
                "{\"model\":%s," + MESSAGES + ",\"no_such_field\":1}",
                "[".repeat(100_000), "{\"a\":".repeat(10_000), "{\"model\":%s," + MESSAGES + ",\"stop\":"
                        + "[".repeat(5000) + "]".repeat(5000) + "}");

        private HostileBodies() { }

        /// The number of bodies.
        static int count() {
            return ALL.size() + 1;
        }

        /// A body.
        ///
        /// @param model the model's name as JSON
        static byte[] body(int index, String model) {
            if (index == ALL.size()) {
                // Overlong and lone continuation bytes, which are no UTF-8.
                return new byte[] {'{', '"', (byte) 0xc0, (byte) 0xaf, (byte) 0x80, '"', ':', '1', '}'};
            }
            return ALL.get(index).replace("%s", model).getBytes(StandardCharsets.UTF_8);
        }
    }
}
