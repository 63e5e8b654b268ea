package glia.serve.request;

import glia.engine.call.PromptLimits;
import glia.io.json.JsonValues.JsonLimits;
import java.time.Duration;

/// Limits of a server and its requests.
///
/// @param bodyBytes the most bytes of a body
/// @param json the size of the JSON in a body
/// @param headerBytes the most bytes of a request's headers
/// @param connections the most connections at the same time; a new one takes the place of one that is idle
/// @param connectionsPerAddress the most of these of one address
/// @param requests the most requests that run or wait at the same time
/// @param streamsPerCaller the most of these of one API key
/// @param samples the most answers of one request
/// @param prompt what a request may contain
/// @param timeouts the longest times
public record HttpLimits(long bodyBytes, JsonLimits json, int headerBytes, int connections,
        int connectionsPerAddress, int requests,
        int streamsPerCaller, int samples, PromptLimits prompt, Timeouts timeouts) {
    /// Bodies of 32 MiB with 262,144 values, headers of 16 KiB, 4,096 connections, 2,048 of one address, 2,048
    /// requests, 256 of one key, 16 answers.
    public static HttpLimits defaults() {
        return new HttpLimits(32L << 20, JsonLimits.DEFAULT.withValues(1 << 18).withStringLength(16 << 20), 16 << 10,
                4096, 2048, 2048, 256, 16, PromptLimits.defaults(), Timeouts.defaults());
    }

    public HttpLimits withBodyBytes(long most) {
        return new HttpLimits(most, json, headerBytes, connections, connectionsPerAddress, requests, streamsPerCaller,
                samples, prompt, timeouts);
    }

    public HttpLimits withJson(JsonLimits most) {
        return new HttpLimits(bodyBytes, most, headerBytes, connections, connectionsPerAddress, requests,
                streamsPerCaller, samples, prompt, timeouts);
    }

    public HttpLimits withHeaderBytes(int most) {
        return new HttpLimits(bodyBytes, json, most, connections, connectionsPerAddress, requests, streamsPerCaller,
                samples, prompt, timeouts);
    }

    public HttpLimits withConnections(int most) {
        return new HttpLimits(bodyBytes, json, headerBytes, most, connectionsPerAddress, requests, streamsPerCaller,
                samples, prompt, timeouts);
    }

    public HttpLimits withConnectionsPerAddress(int most) {
        return new HttpLimits(bodyBytes, json, headerBytes, connections, most, requests, streamsPerCaller, samples,
                prompt, timeouts);
    }

    public HttpLimits withRequests(int most) {
        return new HttpLimits(bodyBytes, json, headerBytes, connections, connectionsPerAddress, most, streamsPerCaller,
                samples, prompt, timeouts);
    }

    public HttpLimits withStreamsPerCaller(int most) {
        return new HttpLimits(bodyBytes, json, headerBytes, connections, connectionsPerAddress, requests, most, samples,
                prompt, timeouts);
    }

    public HttpLimits withSamples(int most) {
        return new HttpLimits(bodyBytes, json, headerBytes, connections, connectionsPerAddress, requests,
                streamsPerCaller, most, prompt, timeouts);
    }

    public HttpLimits withPrompt(PromptLimits most) {
        return new HttpLimits(bodyBytes, json, headerBytes, connections, connectionsPerAddress, requests,
                streamsPerCaller, samples, most, timeouts);
    }

    public HttpLimits withTimeouts(Timeouts longest) {
        return new HttpLimits(bodyBytes, json, headerBytes, connections, connectionsPerAddress, requests,
                streamsPerCaller, samples, prompt, longest);
    }

    /// The longest time of a request, from submission to the end of the answer.
    public Duration requestTimeout() {
        return timeouts.request();
    }

    /// How long a client may take to read what was sent.
    public Duration writeTimeout() {
        return timeouts.write();
    }

    public HttpLimits withRequestTimeout(Duration longest) {
        return withTimeouts(timeouts.withRequest(longest));
    }

    public HttpLimits withWriteTimeout(Duration longest) {
        return withTimeouts(timeouts.withWrite(longest));
    }
}
