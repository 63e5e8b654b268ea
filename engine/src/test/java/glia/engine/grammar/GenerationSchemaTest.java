package glia.engine.grammar;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.json.JsonValues;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Which of the values of a schema are generated, and how they are written.
class GenerationSchemaTest {
    private static boolean accepts(String schema, String text) {
        Grammar grammar = Grammar.jsonSchema(JsonValues.parse(schema.replace('\'', '"')));
        return ContextFreeGrammarTest.accepts(grammar, text.replace('\'', '"'));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "{'properties':{'b':{},'a':{}}} | {'b': 1, 'a': [1, 2]}",
        "{'properties':{'b':{},'a':{}}} | {'a': {'x': 1}}",
        "{'properties':{'b':{},'a':{}},'required':['a']} | {'a': 1}",
        "{'required':['c'],'properties':{'b':{}}} | {'b': 1, 'c': 2}",
        "{'type':'object'} | {'x': 1, 'y': 2}",
        "{'properties':{'a':{}},'additionalProperties':true} | {'a': 1, 'x': 2}",
        "{'properties':{'a':{}},'additionalProperties':{'type':'null'}} | {'x': null}",
        "{'properties':{'a':{}},'patternProperties':{'^x':{}}} | {'a': 1, 'xy': 2}",
        "{'properties':{'a':{}},'not':{'required':['a']},'minProperties':1} | {'x': 2}",
        "{'allOf':[{'properties':{'a':{}}},{'properties':{'b':{}}}]} | {'a': 1, 'b': 2}",
        "{'oneOf':[{'properties':{'a':{'type':'null'}},'required':['a']},{'type':'integer'}]} | {'a': null}",
        "{'properties':{'a':{}},'anyOf':[{'required':['b']},{'required':['c']}]} | {'a': 1, 'c': 2}",
        "{'if':{'properties':{'k':{'const':1}}},'then':{'properties':{'x':{}},'required':['x']}} | {'k': 1, 'x': 2}",
        "{'dependentRequired':{'b':['a']},'properties':{'a':{},'b':{},'c':{}}} | {'a': 1, 'b': 2, 'c': 3}",
        "{'properties':{'a':{},'b':{},'c':{}},'minProperties':2} | {'b': 1, 'c': 3}",
        "{'type':'number','minimum':0} | 0.33333333333333333333",
        "{'const':{'b':1,'a':[2]}} | {'b': 1, 'a': [2]}"})
    void accepted(String schema, String text) {
        assertTrue(accepts(schema, text));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "{'properties':{'b':{},'a':{}}} | {'a': 1, 'b': 1}",
        "{'properties':{'b':{},'a':{}}} | {'b': 1, 'x': 1}",
        "{'properties':{'a':{}}} | {'a':1}",
        "{'properties':{'a':{}}} | { 'a': 1}",
        "{'properties':{'a':{}}} | {'a': [1,2]}",
        "{'properties':{}} | {'x': 1}",
        "{'properties':{'a':{}},'patternProperties':{'^x':{}}} | {'y': 2}",
        "{'patternProperties':{'^x':{}}} | {'y': 2}",
        "{'properties':{'a':{}},'additionalProperties':true} | {'x': 2, 'a': 1}",
        "{'items':{'properties':{'a':{'properties':{}}}}} | [{'a': {'x': 1}}]",
        "{'$ref':'#/$defs/a','$defs':{'a':{'properties':{}}}} | {'x': 1}",
        "{'anyOf':[{'properties':{'a':{}}},{'type':'null'}]} | {'x': 1}",
        "{'allOf':[{'properties':{'a':{}}},{'properties':{'b':{}}}]} | {'a': 1, 'c': 2}",
        "{'properties':{'a':{},'b':{}},'not':{'properties':{'a':{'type':'null'}},'required':['a']}} | {'x': 1}",
        "{'if':{'properties':{'k':{'const':1}}},'then':{'properties':{'x':{}}}} | {'k': 1, 'y': 2}",
        "{'dependentRequired':{'b':['a']},'properties':{'a':{},'b':{},'c':{}}} | {'b': 2}",
        "{'type':'object'} | {'x': 1,  'y': 2}",
        "{'type':'number'} | 0.333333333333333333333"})
    void refused(String schema, String text) {
        assertFalse(accepts(schema, text));
    }
}
