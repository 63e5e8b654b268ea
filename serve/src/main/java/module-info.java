/// HTTP server: the APIs of OpenAI, Anthropic and Ollama over models of the engine.
@SuppressWarnings("requires-automatic")
module glia.serve {
    requires transitive glia.engine;
    requires glia.lab;
    requires java.logging;
    requires java.management;
    requires jdk.management;
    requires io.helidon.common.buffers;
    requires io.helidon.common.concurrency.limits;
    requires HdrHistogram;
    requires io.helidon.common.socket;
    requires io.helidon.common.task;
    requires io.helidon.http;
    requires io.helidon.webserver;
    requires micrometer.commons;
    requires io.modelcontextprotocol.sdk.mcp.core;
    requires java.net.http;
    requires micrometer.core;
    requires micrometer.registry.prometheus;
    requires org.apache.commons.fileupload2.core;
    requires reactor.core;

    exports glia.serve;
    exports glia.serve.chat;
    exports glia.serve.embedding;
    exports glia.serve.mcp;
    exports glia.serve.load;
    exports glia.serve.pool;
    exports glia.serve.request;
    exports glia.serve.security;
}
