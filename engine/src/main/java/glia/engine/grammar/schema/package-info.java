/// Compiles JSON schemas to rules of the parser.
///
/// Begin with [SchemaCompiler].
///
/// Source: JSON Schema 2020-12, https://json-schema.org/draft/2020-12
package glia.engine.grammar.schema;
