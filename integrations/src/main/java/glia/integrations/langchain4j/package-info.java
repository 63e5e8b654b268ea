/// Models for LangChain4j.
///
/// Begin with [GliaChatModel].
///
/// Source: https://docs.langchain4j.dev
package glia.integrations.langchain4j;
