/// Ollama's API.
///
/// Begin with [OllamaRoutes].
///
/// Source: https://docs.ollama.com/api
package glia.serve.ollama;
