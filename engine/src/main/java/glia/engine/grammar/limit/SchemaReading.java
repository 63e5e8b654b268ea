package glia.engine.grammar.limit;

/// Which of the values that a JSON schema accepts a grammar allows, and how they are written.
public enum SchemaReading {
    /// All of them: properties in any order, and others than the listed ones unless the schema excludes them.
    STANDARD,
    /// Those that an answer should be, as Ollama and llama.cpp read a schema: an object that lists properties has no
    /// others unless `additionalProperties` says so, properties stand in the order of the schema, numbers have at most
    /// 20 digits before and after the point. White space is a space after each comma and colon. All are values that the
    /// schema accepts; if there is none, [#STANDARD] holds.
    GENERATION
}
