package glia.serve.load;

import java.net.URI;
import java.time.Duration;
import java.util.Optional;

/// What a load generator does.
///
/// @param server address of the server, such as `http://localhost:8080`; the path of a proxy's prefix is kept, and may
///     end in `/v1`
/// @param model the model's name in requests; empty for the first that the server lists
/// @param key API key, if the server needs one
/// @param clients closed loop: clients, each of which sends its next request when the last has ended; open loop: the
///     most requests at a time
/// @param rate open loop: requests a second, whose gaps are exponentially distributed (a Poisson process); 0 for a
///     closed loop
/// @param duration when no further request is sent
/// @param requests the most requests
/// @param streams whether answers are streamed
/// @param maxTokens tokens of each answer, unless it ends earlier
/// @param temperature sampling temperature; 0 is greedy
/// @param ignoresEnd whether answers go on after an end-of-generation token, where the server can do that
/// @param mix the shares of clients that behave badly
/// @param seed random seed of prompts, gaps and behaviour
public record LoadPlan(URI server, String model, Optional<String> key, int clients, double rate, Duration duration,
        long requests, boolean streams, int maxTokens, double temperature, boolean ignoresEnd, Mix mix, long seed) {
    /// The longest time of a request.
    static final Duration TIMEOUT = Duration.ofMinutes(10);

    /// The shares of requests whose client behaves badly; the rest is normal.
    ///
    /// @param slow clients that read slowly
    /// @param vanishing clients that close the connection while they are answered
    /// @param hostile clients that send a body which is to be refused
    public record Mix(double slow, double vanishing, double hostile) {
        /// Only normal clients.
        public static final Mix NORMAL = new Mix(0, 0, 0);

        /// @throws IllegalArgumentException if a share is negative or all are more than 1
        public Mix {
            if (Math.min(Math.min(slow, vanishing), hostile) < 0 || slow + vanishing + hostile > 1) {
                throw new IllegalArgumentException("shares of clients: found " + slow + " slow, " + vanishing
                        + " vanishing, " + hostile + " hostile, expected 0 or more each and at most 1 together");
            }
        }
    }

    /// The address of a route.
    ///
    /// @param route such as `models`, of `/v1/models`
    URI address(String route) {
        String path = server.getRawPath() == null ? "" : server.getRawPath();
        return server.resolve(path.replaceFirst("/*$", "").replaceFirst("/v1$", "") + "/v1/" + route);
    }

    /// 16 clients in a closed loop for 30 seconds, streamed answers of 64 tokens.
    public static LoadPlan of(URI server) {
        return new LoadPlan(server, "", Optional.empty(), 16, 0, Duration.ofSeconds(30), Long.MAX_VALUE, true, 64, 0.8,
                true, Mix.NORMAL, 1);
    }

    public LoadPlan withModel(String name, Optional<String> apiKey) {
        return new LoadPlan(server, name, apiKey, clients, rate, duration, requests, streams, maxTokens, temperature,
                ignoresEnd, mix, seed);
    }

    public LoadPlan withClients(int count, double perSecond) {
        return new LoadPlan(server, model, key, count, perSecond, duration, requests, streams, maxTokens, temperature,
                ignoresEnd, mix, seed);
    }

    public LoadPlan withEnd(Duration time, long count) {
        return new LoadPlan(server, model, key, clients, rate, time, count, streams, maxTokens, temperature, ignoresEnd,
                mix, seed);
    }

    public LoadPlan withAnswers(int tokens, double temp, boolean streamed, boolean ignoringEnd) {
        return new LoadPlan(server, model, key, clients, rate, duration, requests, streamed, tokens, temp, ignoringEnd,
                mix, seed);
    }

    public LoadPlan withMix(Mix shares, long randomSeed) {
        return new LoadPlan(server, model, key, clients, rate, duration, requests, streams, maxTokens, temperature,
                ignoresEnd, shares, randomSeed);
    }
}
