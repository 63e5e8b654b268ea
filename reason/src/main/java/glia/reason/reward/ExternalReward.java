package glia.reason.reward;

import glia.io.json.JsonTree;
import glia.io.json.JsonValues;
import glia.reason.reward.RewardOptions.RewardOption;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import tools.jackson.core.JacksonException;

/// A reward that a program or an HTTP server computes, in any language. It is given a batch of completions as lines of
/// JSON, such as
///
/// ```
/// {"prompt": "2 + 3 = ", "completion": "5", "tokens": 2, "finished": true, "fields": {"answer": "5"}}
/// ```
///
/// and answers a line for each, in the same order: a number, `null` where the reward does not apply, or an object with
/// the number as `score`. A program reads them from standard input, which then ends; a server gets them in a POST
/// request. What the program writes to standard error is shown when it fails.
final class ExternalReward implements Reward {
    private static final int MAX_SHOWN = 300;
    private static final int MAX_ANSWER = 1 << 24;
    private static final Duration MARGIN = Duration.ofSeconds(10);
    private static final RewardOption SECONDS = new RewardOption("seconds", "60", "time limit of a batch, in seconds");
    private static final RewardOption BATCH = new RewardOption("batch", "32", "completions of a batch");
    private static final RewardOption PARALLEL = new RewardOption("parallel", "4", "batches at a time");

    /// Answers lines with lines.
    @FunctionalInterface
    private interface Peer {
        String ask(String lines) throws IOException, InterruptedException;
    }

    private final Peer peer;
    private final Duration limit;
    private final Batching batching;

    private ExternalReward(RewardOptions options, Peer peer) {
        this.peer = peer;
        limit = seconds(options);
        batching = new Batching(options.integer("batch", 32, 1), options.integer("parallel", 4, 1));
    }

    static List<NamedReward> all() {
        return List.of(new NamedReward("command", "what a program answers to lines of JSON on its standard input",
                        List.of(new RewardOption("command", "", "the program with its arguments: a list, or words"),
                                SECONDS, BATCH, PARALLEL), ExternalReward::command),
                new NamedReward("http", "what an HTTP server answers to lines of JSON",
                        List.of(new RewardOption("url", "", "its address, such as http://localhost:9000/score"),
                                SECONDS, BATCH, PARALLEL), ExternalReward::http));
    }

    private static Duration seconds(RewardOptions options) {
        return Duration.ofMillis((long) (1000 * options.number("seconds", 60, 0.001)));
    }

    private static Reward command(RewardOptions options) {
        List<String> words = options.value("command").orElseThrow(() -> options.missing("command"))
                instanceof List<?> list ? list.stream().map(String::valueOf).toList()
                : List.of(options.requiredText("command").strip().split("\\s+"));
        if (words.isEmpty() || words.getFirst().isEmpty()) {
            throw options.error("command", words, "a program with arguments, such as [python3, reward.py]");
        }
        Duration limit = seconds(options);
        return new ExternalReward(options, lines -> run(words, lines, limit));
    }

    private static Reward http(RewardOptions options) {
        String text = options.requiredText("url");
        if (!text.matches("https?://[^/\\s]+\\S*")) {
            throw options.error("url", text, "an address such as http://localhost:9000/score");
        }
        URI url = options.at("url", () -> URI.create(text));
        Duration limit = seconds(options);
        HttpClient client = HttpClient.newBuilder().connectTimeout(limit).build();
        return new ExternalReward(options, lines -> post(client, url, lines, limit));
    }

    private static String run(List<String> words, String lines, Duration limit)
            throws IOException, InterruptedException {
        String name = "the command '" + String.join(" ", words) + "'";
        Process process;
        try {
            process = new ProcessBuilder(words).start();
        } catch (IOException e) {
            throw new IllegalArgumentException(name + " could not be started: " + e.getMessage(), e);
        }
        try {
            CompletableFuture<String> out = CompletableFuture.supplyAsync(() -> read(process.getInputStream()),
                    Thread::startVirtualThread);
            CompletableFuture<String> err = CompletableFuture.supplyAsync(() -> read(process.getErrorStream()),
                    Thread::startVirtualThread);
            CompletableFuture.runAsync(() -> write(process, lines), Thread::startVirtualThread);
            if (!process.waitFor(limit.toNanos(), TimeUnit.NANOSECONDS)) {
                throw new IllegalArgumentException(name + " did not end within " + limit.toMillis() / 1000.0
                        + " s; raise the option seconds, or make the option batch smaller" + said(err.getNow("")));
            }
            if (process.exitValue() != 0) {
                throw new IllegalArgumentException(name + " failed with the exit code " + process.exitValue()
                        + said(err.get()));
            }
            return out.get();
        } catch (ExecutionException e) {
            throw new IllegalArgumentException(name + ": " + e.getCause().getMessage(), e);
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
    }

    private static String read(InputStream stream) {
        try (stream) {
            byte[] read = stream.readNBytes(MAX_ANSWER);
            stream.skip(Long.MAX_VALUE);
            return new String(read, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// A program that does not read all lines closes the pipe: what it answers counts.
    private static void write(Process process, String lines) {
        try (var in = process.getOutputStream()) {
            in.write(lines.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            // The program has ended.
        }
    }

    private static String said(String text) {
        String last = text.strip();
        return last.isEmpty() ? "" : ": " + (last.length() <= MAX_SHOWN ? last
                : "…" + last.substring(last.length() - MAX_SHOWN));
    }

    private static String post(HttpClient client, URI url, String lines, Duration limit)
            throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(url).timeout(limit)
                .header("Content-Type", "application/x-ndjson")
                .POST(HttpRequest.BodyPublishers.ofString(lines)).build();
        CompletableFuture<HttpResponse<String>> pending = client.sendAsync(request,
                HttpResponse.BodyHandlers.limiting(HttpResponse.BodyHandlers.ofString(), MAX_ANSWER));
        HttpResponse<String> response;
        try {
            // The limit of the request ends at the headers of the answer.
            response = pending.get(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            pending.cancel(true);
            throw new IllegalArgumentException(url + " did not answer within " + limit.toSeconds() + " seconds", e);
        } catch (ExecutionException e) {
            Throwable cause = e.getCause();
            throw new IllegalArgumentException(url + " did not answer: "
                    + (cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage()), cause);
        }
        if (response.statusCode() != 200) {
            throw new IllegalArgumentException(url + " answered with the status " + response.statusCode()
                    + said(response.body()));
        }
        return response.body();
    }

    @Override
    public OptionalDouble score(Sample sample) {
        return scores(List.of(sample)).getFirst();
    }

    @Override
    public List<OptionalDouble> scores(List<Sample> samples) {
        StringBuilder lines = new StringBuilder();
        for (Sample sample : samples) {
            Map<String, Object> line = new LinkedHashMap<>();
            line.put("prompt", sample.prompt());
            line.put("completion", sample.completion());
            line.put("tokens", sample.tokens());
            line.put("finished", sample.finished());
            line.put("fields", sample.fields());
            lines.append(JsonTree.of(line)).append('\n');
        }
        String answer;
        try {
            answer = peer.ask(lines.toString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
        List<String> answers = answer.lines().filter(line -> !line.isBlank()).toList();
        if (answers.size() != samples.size()) {
            throw new IllegalArgumentException("found " + answers.size() + " lines as an answer to " + samples.size()
                    + " completions, expected a number in a line for each" + said(answer));
        }
        List<OptionalDouble> scores = new ArrayList<>();
        for (String line : answers) {
            scores.add(number(line, scores.size() + 1));
        }
        return scores;
    }

    private static OptionalDouble number(String line, int place) {
        Object value;
        try {
            value = JsonValues.parse(line);
        } catch (JacksonException e) {
            value = line;
        }
        Object score = value instanceof Map<?, ?> map && map.containsKey("score") ? map.get("score") : value;
        return switch (score) {
            case null -> OptionalDouble.empty();
            case Number n -> OptionalDouble.of(n.doubleValue());
            default -> throw new IllegalArgumentException("line " + place + " of the answer: found "
                    + RewardOptions.shown(line) + ", expected a number such as 0.5, null, or an object with a score");
        };
    }

    @Override
    public Batching batching() {
        return batching;
    }

    @Override
    public Duration timeLimit() {
        return limit.plus(MARGIN);
    }
}
