package glia.text.tool;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;

/// How models of some families write tool calls in the text that they generate. [#ALL] is the table; the records are
/// the kinds of syntax. [ToolCallParser] reads all of them.
public sealed interface ToolFormat {
    /// All formats, in the order in which templates are searched for them.
    List<ToolFormat> ALL = List.of(
            // OpenAI's harmony format (https://cookbook.openai.com/articles/openai-harmony).
            new Messages("gpt-oss"),
            new Braces("Gemma 4", "<|tool_call>", "<tool_call|>", "<|\"|>"),
            new Braces("FunctionGemma", "<start_function_call>", "<end_function_call>", "<escape>"),
            new Elements("DeepSeek V3.2", List.of("<｜DSML｜function_calls>", "<｜DSML｜tool_calls>"),
                    List.of("</｜DSML｜function_calls>", "</｜DSML｜tool_calls>"),
                    new Tag("<｜DSML｜invoke name=\"", "\"", ">", "</｜DSML｜invoke>"),
                    new Tag("<｜DSML｜parameter name=\"", "\"", ">", "</｜DSML｜parameter>"), false),
            new Named("DeepSeek R1, V3 and V3.1", "<｜tool▁calls▁begin｜>", "<｜tool▁call▁begin｜>", "",
                    "<｜tool▁sep｜>", "<｜tool▁call▁end｜>", "<｜tool▁calls▁end｜>"),
            new Named("Kimi K2", "<|tool_calls_section_begin|>", "<|tool_call_begin|>", "",
                    "<|tool_call_argument_begin|>", "<|tool_call_end|>", "<|tool_calls_section_end|>"),
            new Elements("MiniMax M2", List.of("<minimax:tool_call>"), List.of("</minimax:tool_call>"),
                    new Tag("<invoke name=\"", "\"", ">", "</invoke>"),
                    new Tag("<parameter name=\"", "\"", ">", "</parameter>"), false),
            new Elements("Seed-OSS", List.of("<seed:tool_call>"), List.of("</seed:tool_call>"),
                    new Tag("<function=", ">", "", "</function>"),
                    new Tag("<parameter=", ">", "", "</parameter>"), false),
            new Elements("GLM 4.5 to 4.7", List.of(), List.of(), new Tag("<tool_call>", "", "", "</tool_call>"),
                    new Tag("<arg_key>", "</arg_key>", "<arg_value>", "</arg_value>"), false),
            new Elements("Nemotron 3, Qwen3-Coder, Qwen 3.5", List.of("<tool_call>"), List.of("</tool_call>"),
                    new Tag("<function=", ">", "", "</function>"),
                    new Tag("<parameter=", ">", "", "</parameter>"), true),
            new Named("Mistral", "", "[TOOL_CALLS]", "[CALL_ID]", "[ARGS]", "", ""),
            new Functions("OLMo 3", "<function_calls>", "</function_calls>"),
            new Functions("LFM2", "<|tool_call_start|>", "<|tool_call_end|>"),
            new Objects("Phi-4-mini", "<|tool_call|>", "<|/tool_call|>", "arguments"),
            new Objects("Granite 3", "<|tool_call|>", "", "arguments"),
            new Objects("Command A, Command R7B", "<|START_ACTION|>", "<|END_ACTION|>", "parameters"),
            new Objects("Nemotron Nano 2", "<TOOLCALL>", "</TOOLCALL>", "arguments"),
            new Objects("Jamba, MiniMax M1", "<tool_calls>", "</tool_calls>", "arguments"),
            new Objects("Granite 4, Hermes, Qwen 2.5, Qwen 3, SmolLM3", "<tool_call>", "</tool_call>", "arguments"),
            new Objects("Llama 3.1 to 4", "", "", "parameters"));

    /// The format of models whose chat template has no tool calls: the system prompt explains it.
    ToolFormat GENERIC = new Objects("chat templates without tool calls", "<tool_call>", "</tool_call>", "arguments");

    /// The format in a chat template: the first whose markers the template contains. Empty for models whose template
    /// writes no tool calls.
    ///
    /// @param template the source of the template
    static Optional<ToolFormat> of(String template) {
        return ALL.stream().filter(format -> format.isIn(template)).findFirst();
    }

    /// The markers that begin calls in all formats, for error messages.
    static String known() {
        return ALL.stream().flatMap(format -> format.openers().stream()).distinct().collect(Collectors.joining(", "));
    }

    /// Model families with this format.
    String families();

    /// The texts that begin a call, or a section of calls, within an answer.
    List<String> openers();

    /// All markers, without those that are only punctuation.
    List<String> markers();

    /// Whether a template, by its source, uses this format.
    default boolean isIn(String template) {
        return markers().stream().allMatch(template::contains);
    }

    /// Whether a special token of this text is part of a marker. Other special tokens are not part of a text.
    default boolean isMarker(String token) {
        return !token.isEmpty() && markers().stream().anyMatch(marker -> marker.contains(token));
    }

    /// An id for a call whose syntax has none, in the form that the family's template accepts.
    ///
    /// @param index the number of the call in its message, from 0
    default String newId(String name, int index, RandomGenerator random) {
        return "call_" + random(24, random);
    }

    private static String random(int length, RandomGenerator random) {
        String letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        StringBuilder id = new StringBuilder(length);
        for (int i = 0; i < length; i++) {
            id.append(letters.charAt(random.nextInt(letters.length())));
        }
        return id.toString();
    }

    private static List<String> present(List<String> markers) {
        return markers.stream().filter(marker -> !marker.isEmpty()).toList();
    }

    /// An element of XML-like syntax.
    ///
    /// @param begin the text before its name
    /// @param nameEnd the text after its name; empty where the name is a line of its own
    /// @param open the text after the name and its attributes, where the content begins; empty if `nameEnd` is that
    /// @param close the text after the content
    record Tag(String begin, String nameEnd, String open, String close) { }

    /// JSON objects with name and arguments, alone or in an array:
    /// `<tool_call>{"name": …, "arguments": {…}}</tool_call>`.
    ///
    /// @param begin the marker before; empty where an answer that is such an object is a call (`<|python_tag|>` may
    ///        stand before it)
    /// @param end the marker after; empty if there is none
    /// @param arguments the key of the arguments in the template; both known ones are read
    record Objects(String families, String begin, String end, String arguments) implements ToolFormat {
        static final String PYTHON_TAG = "<|python_tag|>";

        @Override
        public List<String> openers() {
            return begin.isEmpty() ? List.of(PYTHON_TAG, TaggedReader.START, TaggedReader.END) : List.of(begin);
        }

        @Override
        public List<String> markers() {
            return begin.isEmpty() ? openers() : present(List.of(begin, end));
        }

        @Override
        public boolean isIn(String template) {
            return begin.isEmpty() ? template.contains("\"parameters\": ") && template.contains("{\"name\": ")
                    : ToolFormat.super.isIn(template);
        }
    }

    /// Name, then arguments in JSON:
    /// `<|tool_call_begin|>functions.f:0<|tool_call_argument_begin|>{…}<|tool_call_end|>`.
    ///
    /// @param section the marker before all calls; empty if there is none
    /// @param begin the marker before a call
    /// @param id the marker before the id; empty if there is none
    /// @param arguments the marker before the arguments
    /// @param end the marker after a call; empty if there is none
    /// @param sectionEnd the marker after all calls; empty if there is none
    record Named(String families, String section, String begin, String id, String arguments, String end,
            String sectionEnd) implements ToolFormat {
        @Override
        public List<String> openers() {
            return present(List.of(section, begin));
        }

        @Override
        public List<String> markers() {
            return present(List.of(section, begin, id, arguments, end, sectionEnd));
        }

        /// Mistral's older templates have one marker only.
        @Override
        public boolean isIn(String template) {
            return template.contains(section) && template.contains(begin);
        }

        /// Whether this is the syntax of Mistral.
        public boolean isMistral() {
            return !id.isEmpty();
        }

        /// Whether the name holds the id, too: `functions.f:0`.
        public boolean isNumbered() {
            return arguments.equals("<|tool_call_argument_begin|>");
        }

        /// Mistral: nine letters and digits. Kimi: name and index.
        @Override
        public String newId(String name, int index, RandomGenerator random) {
            return isMistral() ? random(9, random)
                    : isNumbered() ? "functions." + name + ":" + index : ToolFormat.super.newId(name, index, random);
        }
    }

    /// An element for each parameter: `<function=f><parameter=a>1</parameter></function>`.
    ///
    /// @param sections the markers before all calls; empty if there is none
    /// @param sectionEnds the markers after all calls
    /// @param call the element of a call
    /// @param parameter the element of a parameter
    /// @param hasLines whether values stand in lines of their own
    record Elements(String families, List<String> sections, List<String> sectionEnds, Tag call, Tag parameter,
            boolean hasLines) implements ToolFormat {
        /// Copies the arguments.
        public Elements {
            sections = List.copyOf(sections);
            sectionEnds = List.copyOf(sectionEnds);
        }

        @Override
        public List<String> openers() {
            List<String> openers = new ArrayList<>(sections);
            openers.add(call.begin());
            return openers;
        }

        @Override
        public List<String> markers() {
            List<String> markers = new ArrayList<>(sections);
            markers.addAll(sectionEnds);
            markers.addAll(List.of(call.begin(), call.close(), parameter.begin(), parameter.close()));
            return markers;
        }

        /// Templates build DSML's markers from `｜DSML｜`.
        @Override
        public boolean isIn(String template) {
            return call.begin().contains("｜DSML｜") ? template.contains("｜DSML｜")
                    : sections.stream().limit(1).allMatch(template::contains) && template.contains(call.begin())
                            && template.contains(parameter.begin());
        }
    }

    /// Objects with bare keys: `<|tool_call>call:f{a:<|"|>text<|"|>,b:1}<tool_call|>`.
    ///
    /// @param quote what stands before and after a string
    record Braces(String families, String begin, String end, String quote) implements ToolFormat {
        static final String CALL = "call:";

        @Override
        public List<String> openers() {
            return List.of(begin);
        }

        @Override
        public List<String> markers() {
            return List.of(begin, end, quote);
        }
    }

    /// Calls in Python's syntax: `<|tool_call_start|>[f(a=1)]<|tool_call_end|>`.
    record Functions(String families, String begin, String end) implements ToolFormat {
        @Override
        public List<String> openers() {
            return List.of(begin);
        }

        @Override
        public List<String> markers() {
            return List.of(begin, end);
        }
    }

    /// Messages to a recipient: `<|start|>assistant to=functions.f<|channel|>commentary json<|message|>{…}<|call|>`.
    record Messages(String families) implements ToolFormat {
        static final String START = "<|start|>";
        static final String CHANNEL = "<|channel|>";
        static final String MESSAGE = "<|message|>";
        static final String END = "<|end|>";
        static final String CALL = "<|call|>";
        static final String TO = "to=";

        @Override
        public List<String> openers() {
            return List.of(START, CHANNEL);
        }

        @Override
        public List<String> markers() {
            return List.of(START, CHANNEL, MESSAGE, END, CALL, "<|constrain|>");
        }

        @Override
        public boolean isIn(String template) {
            return template.contains(CHANNEL) && template.contains(CALL);
        }
    }
}
