/// OpenAI's APIs, reranking and tokens, and the routes of llama-server.
///
/// Begin with [OpenAiRoutes] and [ChatCompletions].
///
/// Source: https://platform.openai.com/docs/api-reference
package glia.serve.openai;
