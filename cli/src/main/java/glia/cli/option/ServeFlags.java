package glia.cli.option;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.engine.call.PromptLimits;
import glia.io.json.JsonValues.JsonLimits;
import glia.io.web.WebFiles;
import glia.serve.ServerOptions;
import glia.serve.request.HttpLimits;
import glia.serve.request.Timeouts;
import glia.serve.security.Access;
import glia.serve.security.KeyFile;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/// Options of a server: where it listens, who may use it, its limits and its log.
public final class ServeFlags {
    private static final String ACCESS = "Access";
    private static final String LIMITS = "Limits";
    private static final HttpLimits USUAL = HttpLimits.defaults();

    /// The file of API keys, also for `glia keys`.
    public static final Option<String> KEYS = Option.text("FILE", "file of API keys, which 'glia keys add' makes; "
            + "required unless only this machine is listened to", "--keys").in(ACCESS).elsewhere("--api-key");

    private static final Option<Integer> PORT = Option.integer("N", 0, 65_535,
            "port; 0 for any that is free (default: " + ServerOptions.DEFAULT_PORT + ")", "--port").formerly("-p");
    private static final Option<String> HOST = Option.text("ADDRESS",
            "address to listen on (default: 127.0.0.1, this machine alone)", "--host");
    private static final Option<Integer> DRAIN = Option.integer("SECONDS", 0, 86_400,
            "on SIGTERM, wait this long for running requests (default: 30)", "--drain-timeout");
    private static final Option<Boolean> LOG_REQUESTS = Option.flag("log a line for each request", "--log-requests");
    private static final Option<Boolean> LOG_PROMPTS = Option.flag("log the bodies of requests", "--log-prompts");

    private static final Option<String> CORS = Option.text("ORIGIN", "allow web pages of an origin, such as "
            + "https://chat.example.org; * for all (default: none)", "--cors").in(ACCESS).repeated()
            .elsewhere("--allowed-origins");
    private static final Option<String> ALLOW_HOST = Option.text("NAME", "a further host name by which the server is "
            + "called (default: localhost and loopback addresses)", "--allow-host").in(ACCESS).repeated();
    private static final Option<Boolean> OPEN_METRICS = Option.flag("/ready and /metrics need no key",
            "--open-metrics").in(ACCESS);
    private static final Option<Boolean> SHARE_CACHE = Option.flag("share the prefix cache among all keys, so that "
            + "timing and cached_tokens tell a key what others have sent", "--share-cache").in(ACCESS);

    private static final Option<Integer> MAX_BODY = limit("MIB", 2047, "size of a body, in MiB",
            (int) (USUAL.bodyBytes() >> 20), "--max-body");
    private static final Option<Integer> MAX_HEADERS = limit("KIB", 1024, "size of a request's headers, in KiB",
            USUAL.headerBytes() >> 10, "--max-headers");
    private static final Option<Integer> MAX_DEPTH = limit("N", 500, "levels of a body's JSON", USUAL.json().depth(),
            "--max-json-depth");
    private static final Option<Integer> MAX_VALUES = limit("N", Integer.MAX_VALUE, "values and names in a body's JSON",
            USUAL.json().values(), "--max-json-values");
    private static final Option<Integer> MAX_STRING = limit("N", Integer.MAX_VALUE, "characters of a string",
            USUAL.json().stringLength(), "--max-string");
    private static final Option<Integer> MAX_CONNECTIONS = limit("N", 1 << 20, "connections", USUAL.connections(),
            "--max-connections");
    private static final Option<Integer> MAX_OF_ADDRESS = limit("N", 1 << 20, "connections of a network address",
            USUAL.connectionsPerAddress(), "--max-connections-per-address");
    private static final Option<Integer> MAX_REQUESTS = limit("N", 1 << 20, "requests that run or wait",
            USUAL.requests(), "--max-requests");
    private static final Option<Integer> MAX_OF_KEY = limit("N", 1 << 20, "requests of a key that run or wait",
            USUAL.streamsPerCaller(), "--max-requests-per-key");
    private static final Option<Integer> MAX_SAMPLES = limit("N", 1024, "answers of a request (n)", USUAL.samples(),
            "--max-samples");
    private static final Option<Integer> MAX_MESSAGES = limit("N", 1 << 20, "messages of a conversation",
            USUAL.prompt().messages(), "--max-messages");
    private static final Option<Integer> MAX_TOOLS = limit("N", 1 << 20, "tools of a request", USUAL.prompt().tools(),
            "--max-tools");
    private static final Option<Integer> MAX_STOPS = limit("N", 1 << 10, "stop strings", USUAL.prompt().stops(),
            "--max-stops");
    private static final Option<Integer> MAX_BIASES = limit("N", 1 << 20, "entries of logit_bias",
            USUAL.prompt().biases(), "--max-logit-bias");
    private static final Option<Integer> MAX_IMAGES = limit("N", 1 << 16, "pictures of a conversation",
            USUAL.prompt().pictures(), "--max-images");
    private static final Option<Integer> MAX_PIXELS = limit("N", 50_000_000, "pixels of a picture",
            USUAL.prompt().picturePixels(), "--max-image-pixels");
    private static final Option<Integer> MAX_PROMPT = Option.integer("TOKENS", 1, Integer.MAX_VALUE,
            "most tokens of a prompt (default: the context)", "--max-prompt-tokens").in(LIMITS);
    private static final Option<Integer> MAX_ANSWER = Option.integer("TOKENS", 1, Integer.MAX_VALUE,
            "most tokens of an answer (default: the context)", "--max-answer-tokens").in(LIMITS);
    private static final Option<Integer> REQUEST_TIME = time("of an answer", USUAL.timeouts().request(),
            "--request-timeout");
    private static final Option<Integer> HEADER_TIME = time("until the headers have come", USUAL.timeouts().headers(),
            "--header-timeout");
    private static final Option<Integer> BODY_TIME = time("until the body has come", USUAL.timeouts().body(),
            "--body-timeout");
    private static final Option<Integer> IDLE_TIME = time("between two requests of a connection",
            USUAL.timeouts().idle(), "--idle-timeout");
    private static final Option<Integer> WRITE_TIME = time("until a client has taken a piece of an answer",
            USUAL.timeouts().write(), "--write-timeout");

    /// All options.
    public static final List<Option<?>> ALL = List.of(
            PORT, HOST, DRAIN, LOG_REQUESTS, LOG_PROMPTS, KEYS, CORS, ALLOW_HOST, OPEN_METRICS, SHARE_CACHE,
            PictureFlags.ALLOW_URLS, MAX_BODY, MAX_HEADERS, MAX_DEPTH, MAX_VALUES, MAX_STRING, MAX_CONNECTIONS,
            MAX_OF_ADDRESS, MAX_REQUESTS, MAX_OF_KEY, MAX_SAMPLES, MAX_MESSAGES, MAX_TOOLS, MAX_STOPS, MAX_BIASES,
            MAX_IMAGES, MAX_PIXELS, MAX_PROMPT, MAX_ANSWER, REQUEST_TIME, HEADER_TIME, BODY_TIME, IDLE_TIME,
            WRITE_TIME);

    private ServeFlags() {}

    private static Option<Integer> limit(String label, int most, String what, int usual, String name) {
        return Option.integer(label, 1, most, "most " + what + " (default: " + usual + ")", name).in(LIMITS);
    }

    private static Option<Integer> time(String what, Duration usual, String name) {
        return Option.integer("SECONDS", 1, 86_400, "longest time " + what + " (default: " + usual.toSeconds() + ")",
                name).in(LIMITS);
    }

    /// The options as given.
    ///
    /// @param log receives the lines of the server's log
    /// @throws IOException if the file of keys cannot be used
    /// @throws IllegalArgumentException if others could reach the server and it has no keys
    public static ServerOptions of(Arguments arguments, Consumer<String> log) throws IOException {
        String host = arguments.get(HOST).orElse("127.0.0.1");
        Access access = new Access(arguments.get(KEYS).isEmpty() ? Access.LOCAL.keys()
                : Optional.of(KeyFile.open(Path.of(arguments.get(KEYS).get()), log)), arguments.all(CORS),
                arguments.all(ALLOW_HOST), arguments.has(OPEN_METRICS), arguments.has(SHARE_CACHE));
        access.requireSafe(host);
        return new ServerOptions(host, arguments.get(PORT).orElse(ServerOptions.DEFAULT_PORT), limits(arguments),
                access, arguments.has(LOG_REQUESTS), arguments.has(LOG_PROMPTS), log, Optional.empty(),
                arguments.has(PictureFlags.ALLOW_URLS) ? Optional.of(WebFiles.defaults()) : Optional.empty());
    }

    /// How long running requests are waited for at the end.
    public static Duration drain(Arguments arguments) {
        return Duration.ofSeconds(arguments.get(DRAIN).orElse(30));
    }

    private static HttpLimits limits(Arguments arguments) {
        JsonLimits json = new JsonLimits(arguments.get(MAX_DEPTH).orElse(USUAL.json().depth()),
                arguments.get(MAX_VALUES).orElse(USUAL.json().values()),
                arguments.get(MAX_STRING).orElse(USUAL.json().stringLength()));
        PromptLimits most = USUAL.prompt();
        PromptLimits prompt = new PromptLimits(arguments.get(MAX_MESSAGES).orElse(most.messages()),
                arguments.get(MAX_TOOLS).orElse(most.tools()), arguments.get(MAX_PROMPT).orElse(most.promptTokens()),
                arguments.get(MAX_ANSWER).orElse(most.answerTokens()), arguments.get(MAX_STOPS).orElse(most.stops()),
                most.stopCharacters(), arguments.get(MAX_BIASES).orElse(most.biases()),
                arguments.get(MAX_IMAGES).orElse(most.pictures()),
                arguments.get(MAX_PIXELS).orElse(most.picturePixels()));
        Timeouts usual = USUAL.timeouts();
        Timeouts timeouts = new Timeouts(seconds(arguments, HEADER_TIME, usual.headers()),
                seconds(arguments, BODY_TIME, usual.body()), seconds(arguments, IDLE_TIME, usual.idle()),
                seconds(arguments, REQUEST_TIME, usual.request()), seconds(arguments, WRITE_TIME, usual.write()));
        return new HttpLimits(arguments.get(MAX_BODY).map(mib -> (long) mib << 20).orElse(USUAL.bodyBytes()), json,
                arguments.get(MAX_HEADERS).map(kib -> kib << 10).orElse(USUAL.headerBytes()),
                arguments.get(MAX_CONNECTIONS).orElse(USUAL.connections()),
                arguments.get(MAX_OF_ADDRESS).orElse(USUAL.connectionsPerAddress()),
                arguments.get(MAX_REQUESTS).orElse(USUAL.requests()),
                arguments.get(MAX_OF_KEY).orElse(USUAL.streamsPerCaller()),
                arguments.get(MAX_SAMPLES).orElse(USUAL.samples()), prompt, timeouts);
    }

    private static Duration seconds(Arguments arguments, Option<Integer> option, Duration usual) {
        return arguments.get(option).map(Duration::ofSeconds).orElse(usual);
    }
}
