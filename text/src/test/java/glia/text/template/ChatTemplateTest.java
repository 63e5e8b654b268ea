package glia.text.template;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChatTemplateTest {
    private static final String CHATML = "{% for m in messages %}"
            + "{{ '<|im_start|>' ~ m.role ~ '\\n' ~ m.content ~ '<|im_end|>\\n' }}{% endfor %}"
            + "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

    @TempDir
    Path folder;

    private static String render(String source, Map<String, ?> variables) {
        return ChatTemplate.parse("t", source).render(variables);
    }

    @Test
    void rendersAConversation() {
        List<ChatMessage> messages = List.of(ChatMessage.system("Be brief."), ChatMessage.user("Hi"));
        assertEquals("<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n",
                ChatTemplate.parse("chatml", CHATML).render(messages, RenderOptions.PROMPT));
    }

    @Test
    void messagesAreVariablesOfTheTemplate() {
        ToolCall call = new ToolCall("c1", "add", new LinkedHashMap<>(Map.of("a", 1)));
        ChatMessage message = new ChatMessage("assistant", "", List.of(call), "thought", Map.of("prefix", true));
        String source = "{{ messages[0] | tojson(sort_keys=true) }}{{ tools | tojson }}{{ enable_thinking }}";
        assertEquals("{\"content\": \"\", \"prefix\": true, \"reasoning_content\": \"thought\", "
                + "\"role\": \"assistant\", \"thinking\": \"thought\", \"tool_calls\": "
                + "[{\"function\": {\"arguments\": {\"a\": 1}, \"name\": \"add\"}, \"id\": \"c1\", "
                + "\"type\": \"function\"}]}[{\"name\": \"add\"}]False",
                ChatTemplate.parse("t", source).render(List.of(message),
                        RenderOptions.PROMPT.with("enable_thinking", false).withTools(List.of(Map.of("name", "add")))));
        assertEquals("None", ChatTemplate.parse("t", "{{ tools }}").render(List.of(), RenderOptions.PROMPT));
    }

    @Test
    void raiseExceptionKeepsItsMessage() {
        TemplateException e = assertThrows(TemplateException.class,
                () -> render("{{ raise_exception('Only\\nthis: ' ~ x) }}", Map.of("x", 1)));
        assertTrue(e.isRaised());
        assertEquals("Only\nthis: 1", e.detail());
        assertEquals("Only\\nthis: 1", e.getMessage());
    }

    @Test
    void errorsNameTemplateAndLine() {
        TemplateException atParse = assertThrows(TemplateException.class,
                () -> ChatTemplate.parse("a.jinja", "x\n{% if y %}\n{{ z"));
        assertEquals("a.jinja:3: expected '}}', found the end of the template", atParse.getMessage());
        TemplateException atRender = assertThrows(TemplateException.class,
                () -> render("x\n{% if true %}\n\n{{ y.z }}{% endif %}", Map.of()));
        assertEquals("t:4: 'y' is undefined", atRender.getMessage());
        assertEquals(4, atRender.line());
        assertEquals("'y' is undefined", atRender.detail());
        assertFalse(atRender.isRaised());
        TemplateException inMacro = assertThrows(TemplateException.class,
                () -> render("{% macro m() %}\n{{ 1 / 0 }}\n{% endmacro %}\n\n{{ m() }}", Map.of()));
        assertEquals("t:2: division by zero", inMacro.getMessage());
    }

    @Test
    void otherFilesAreRefused() {
        for (String tag : List.of("include 'x'", "import 'x' as y", "from 'x' import y", "extends 'x'")) {
            TemplateException e = assertThrows(TemplateException.class,
                    () -> ChatTemplate.parse("t", "{% " + tag + " %}"));
            assertTrue(e.getMessage().contains("single file"), e.getMessage());
        }
    }

    @Test
    void javaObjectsAreNotAccessible() {
        for (String name : List.of("class", "getClass", "__class__", "hashCode", "equals", "toString", "items", "value",
                "text", "call", "wait")) {
            for (String value : List.of("1", "'a'", "none", "true", "1.5", "range", "'a'.upper", "namespace()", "loop",
                    "m", "(1, 2)", "('a'|safe)", "range(3)", "namespace(a=1)", "[1]|map('string')", "{}.keys()")) {
                assertEquals("False", render("{% macro m() %}{% endmacro %}{% for i in [1] %}{{ (" + value + ")." + name
                        + " is defined }}{% endfor %}", Map.of()), value + "." + name);
            }
        }
        assertThrows(TemplateException.class, () -> render("{{ x }}", Map.of("x", new Object())));
        assertThrows(TemplateException.class, () -> render("{{ x }}", Map.of("x", List.of(Path.of("x")))));
    }

    @Test
    void templatesChangeCopiesOfListsAndDicts() {
        List<Object> list = new ArrayList<>(List.of(1));
        Map<String, Object> map = new LinkedHashMap<>(Map.of("a", list));
        String source = "{% set _ = x.append(2) %}{% set _ = m.a.append(3) %}{% set _ = m.update({'b': 4}) %}"
                + "{{ x }}{{ m }}{{ m.pop('a') }}{{ m }}";
        assertEquals("[1, 2]{'a': [1, 3], 'b': 4}[1, 3]{'b': 4}", render(source, Map.of("x", list, "m", map)));
        assertEquals(List.of(1), list);
        assertEquals(Map.of("a", List.of(1)), map);
    }

    @Test
    void changingMethodsWorkAsInPython() {
        assertEquals("[0, 1, 2] 2 [0, 1] [1, 0] [0, 1] [5, 0] []", render("{% set l = [1, 2] %}"
                + "{% set _ = l.insert(0, 0) %}{{ l }} {{ l.pop() }} {{ l }} {% set _ = l.reverse() %}{{ l }} "
                + "{% set _ = l.sort() %}{{ l }} {% set _ = l.remove(1) %}{% set _ = l.insert(-1, 5) %}{{ l }} "
                + "{% set _ = l.clear() %}{{ l }}", Map.of()));
        assertEquals("1 {'a': 1} 2 {'a': 1, 'b': 2} ('b', 2) {}", render("{% set d = {'a': 1} %}"
                + "{{ d.setdefault('a', 9) }} {{ d }} {{ d.setdefault('b', 2) }} {{ d }} {{ d.popitem() }} "
                + "{% set _ = d.clear() %}{{ d }}", Map.of()));
        for (String failing : List.of("[].pop()", "[1].pop(5)", "[1].remove(2)", "{}.pop('a')", "{}.popitem()",
                "[1, 'a'].sort()")) {
            assertThrows(TemplateException.class, () -> render("{{ " + failing + " }}", Map.of()), failing);
        }
    }

    @Test
    void variablesNestedTooDeeplyAreRefused() {
        Object deep = "x";
        for (int i = 0; i < 1000; i++) {
            deep = Collections.singletonList(deep);
        }
        Map<String, Object> variables = Map.of("deep", deep);
        assertThrows(TemplateException.class, () -> render("{{ deep }}", variables));
    }

    @Test
    void isFoundInAllFilesOfAModel() throws IOException {
        assertTrue(ChatTemplate.find(folder).isEmpty());
        Path config = folder.resolve("tokenizer_config.json");
        Files.writeString(config, "{\"bos_token\": \"<s>\"}");
        assertTrue(ChatTemplate.find(folder).isEmpty());
        Files.writeString(config, "{\"chat_template\": [{\"name\": \"default\", \"template\": \"list\"}, "
                + "{\"name\": \"tool_use\", \"template\": \"tools\"}]}");
        assertEquals("list", ChatTemplate.find(folder).orElseThrow().source());
        assertEquals("tools", ChatTemplate.find(folder, "tool_use").orElseThrow().source());
        assertTrue(ChatTemplate.find(folder, "rag").isEmpty());
        Files.writeString(config, "{\"chat_template\": \"config\"}");
        assertEquals("config", ChatTemplate.find(folder).orElseThrow().source());
        Files.writeString(folder.resolve("chat_template.json"), "{\"chat_template\": \"json\"}");
        assertEquals("json", ChatTemplate.find(folder).orElseThrow().source());
        Files.writeString(folder.resolve("chat_template.jinja"), "jinja");
        assertEquals("jinja", ChatTemplate.find(folder).orElseThrow().source());
        Files.createDirectory(folder.resolve("additional_chat_templates"));
        Files.writeString(folder.resolve("additional_chat_templates/tool_use.jinja"), "more");
        assertEquals("more", ChatTemplate.find(folder, "tool_use").orElseThrow().source());
    }

    @Test
    void damagedFilesAreNamed() throws IOException {
        Path config = folder.resolve("tokenizer_config.json");
        for (String content : List.of("{", "{\"chat_template\": 5}", "{\"chat_template\": [{\"name\": \"default\"}]}",
                "{\"chat_template\": \"{% if %}\"}")) {
            Files.writeString(config, content);
            TemplateException e = assertThrows(TemplateException.class, () -> ChatTemplate.find(folder), content);
            assertTrue(e.getMessage().contains(config.toString()), e.getMessage());
        }
        Files.write(config, new byte[] {'"', (byte) 0xff, '"'});
        assertThrows(TemplateException.class, () -> ChatTemplate.find(folder));
    }
}
