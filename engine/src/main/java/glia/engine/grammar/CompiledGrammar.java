package glia.engine.grammar;

import glia.engine.grammar.parser.Automaton;

/// A grammar's automaton.
///
/// @param strings the expressions of JSON strings; null if the grammar has none
record CompiledGrammar(Automaton automaton, JsonStrings strings) { }
