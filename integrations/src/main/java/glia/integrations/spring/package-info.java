/// Models for Spring AI.
///
/// Begin with [GliaChatModel].
///
/// Source: https://docs.spring.io/spring-ai/reference
package glia.integrations.spring;
