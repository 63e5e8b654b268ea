/// What the adapters to LangChain4j and Spring AI share.
///
/// Begin with [EngineCalls].
package glia.integrations;
