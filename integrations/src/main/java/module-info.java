/// Models of the engine in the same process as models of LangChain4j and Spring AI.
@SuppressWarnings({"requires-automatic", "requires-transitive-automatic"})
module glia.integrations {
    requires transitive glia.engine;
    requires static transitive langchain4j.core;
    requires static transitive spring.ai.model;
    requires static transitive spring.ai.commons;
    requires static transitive reactor.core;
    requires static transitive org.reactivestreams;

    exports glia.integrations;
    exports glia.integrations.langchain4j;
    exports glia.integrations.spring;
}
