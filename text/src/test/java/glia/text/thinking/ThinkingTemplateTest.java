package glia.text.thinking;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.jinja.value.TextBuilder;
import glia.jinja.value.TrustedText;
import glia.text.template.ChatMessage;
import glia.text.template.ChatTemplate;
import glia.text.template.RenderOptions;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ThinkingTemplateTest {
    private static final String TURNS = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}";

    private static ThinkingTemplate of(String source) {
        return ThinkingTemplate.of(ChatTemplate.parse("test", source), RenderOptions.PROMPT).orElseThrow();
    }

    private static PromptState state(String source, Effort effort) {
        ChatTemplate template = ChatTemplate.parse("test", source);
        ThinkingTemplate thinking = of(source);
        return thinking.format().state(template.renderTrusted(List.of(ChatMessage.user("hi <think>")),
                thinking.with(RenderOptions.PROMPT, effort)));
    }

    @Test
    void aTemplateWithoutMarkersHasNoThinking() {
        assertTrue(ThinkingTemplate.of(ChatTemplate.parse("test", TURNS + "{{ enable_thinking }}"),
                RenderOptions.PROMPT).isEmpty());
    }

    @Test
    void findsTheFlagThatChangesThePrompt() {
        String source = TURNS + "{% if thinking %}{{ '<think>' }}{% else %}{{ '<think>\n</think>\n\n' }}{% endif %}"
                + "{# enable_thinking is not read #}";
        ThinkingTemplate found = of(source);
        assertEquals(Optional.of("thinking"), found.flag());
        assertEquals(Map.of("thinking", true), found.variables(Effort.LOW));
        assertEquals(PromptState.OPEN, state(source, Effort.HIGH));
        assertEquals(PromptState.CLOSED, state(source, Effort.INSTANT));
        assertEquals("\n</think>\n\n", found.forcedEnd());
    }

    @Test
    void levelsAreThoseThatTheTemplateAccepts() {
        String source = "{% if reasoning_effort not in ['none', 'high'] and reasoning_effort is defined %}"
                + "{{ raise_exception('level') }}{% endif %}[E {{ reasoning_effort | default('high') }}]" + TURNS
                + "{{ '[THINK]'[:0] }}{# [THINK] [/THINK] #}";
        ThinkingTemplate found = of(source);
        assertEquals(List.of("none", "high"), found.levels());
        assertEquals(Map.of("reasoning_effort", "none"), found.variables(Effort.INSTANT));
        assertEquals(Map.of("reasoning_effort", "high"), found.variables(Effort.LOW));
        assertEquals("\n[/THINK]\n\n", found.forcedEnd());
        assertThrows(IllegalArgumentException.class, () -> found.variables(Effort.AUTO));
    }

    @Test
    void theEndIsTheTemplatesOwn() {
        assertEquals("</think>~", of("{% for m in messages %}<{{ m.role }}>{% if m.reasoning_content %}"
                + "<think>{{ m.reasoning_content }}</think>~{% endif %}{{ m.content }}{% endfor %}").forcedEnd());
    }

    @Test
    void withoutASwitchOnlyBudgetsLimitTheThinking() {
        ThinkingTemplate found = of(TURNS + "{{ '<think>' }}{# </think> #}");
        assertFalse(found.hasSwitch());
        assertEquals(Map.of(), found.variables(Effort.HIGH));
    }

    @Test
    void markersOfMessagesSayNothing() {
        assertEquals(PromptState.UNDECIDED, state(TURNS + "{# <think></think> #}", Effort.HIGH));
        ThinkingFormat format = new ThinkingFormat.Tags("", "<think>", "</think>");
        assertEquals(PromptState.UNDECIDED, format.state(new TextBuilder().append("a<think>").whole()));
        assertEquals(PromptState.OPEN, format.state(TrustedText.of("a<think>\n")));
    }
}
