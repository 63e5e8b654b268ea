package glia.cli.build;

import java.lang.classfile.ClassBuilder;
import java.lang.classfile.ClassElement;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.MethodModel;
import java.lang.classfile.MethodTransform;
import java.lang.classfile.Opcode;
import java.lang.classfile.TypeKind;
import java.lang.classfile.instruction.InvokeDynamicInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.DirectMethodHandleDesc;
import java.lang.constant.MethodTypeDesc;
import java.lang.reflect.AccessFlag;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/// Replaces call sites that the JDK links at their first call, and that no AOT cache of JDK 25 holds, by methods of the
/// class with the same results: the selection of a case in a switch over types (`SwitchBootstraps`), and `equals` and
/// `hashCode` of records (`ObjectMethods`). Linking one takes 0.5 to 10 ms at every start.
///
/// @see <a href="https://docs.oracle.com/en/java/javase/25/docs/api/java.base/java/lang/runtime/package-summary.html">
///     the bootstrap methods</a>
final class CallSites implements ClassTransform {
    private static final ClassDesc SWITCHES = ClassDesc.of("java.lang.runtime.SwitchBootstraps");
    private static final ClassDesc RECORDS = ClassDesc.of("java.lang.runtime.ObjectMethods");
    private static final ClassDesc OBJECTS = ClassDesc.of("java.util.Objects");
    private static final int PRIVATE_STATIC =
            AccessFlag.PRIVATE.mask() | AccessFlag.STATIC.mask() | AccessFlag.SYNTHETIC.mask();
    private static final int PRIME = 31;

    private final ClassDesc owner;
    private final boolean isInterface;
    private final List<Method> methods = new ArrayList<>();

    private record Method(String name, MethodTypeDesc type, Consumer<CodeBuilder> body) { }

    private CallSites(ClassModel model) {
        owner = model.thisClass().asSymbol();
        isInterface = model.flags().has(AccessFlag.INTERFACE);
    }

    /// The class with these call sites replaced; the same bytes if it has none.
    static byte[] writeOut(ClassFile classFile, byte[] bytes) {
        // Both owners are named in the constant pool of a class that has such a call site: few have.
        if (!new String(bytes, StandardCharsets.ISO_8859_1).contains("java/lang/runtime/")) {
            return bytes;
        }
        ClassModel model = classFile.parse(bytes);
        boolean hasSome = model.methods().stream().flatMap(method -> method.code().stream())
                .flatMap(code -> code.elementStream())
                .anyMatch(element -> element instanceof InvokeDynamicInstruction call && isWrittenOut(call));
        return hasSome ? classFile.transformClass(model, new CallSites(model)) : bytes;
    }

    private static boolean isWrittenOut(InvokeDynamicInstruction call) {
        ClassDesc maker = call.bootstrapMethod().owner();
        String name = call.name().stringValue();
        return maker.equals(SWITCHES) && name.equals("typeSwitch")
                && call.bootstrapArgs().stream().allMatch(label -> label instanceof ClassDesc type
                        && !type.isPrimitive())
                || maker.equals(RECORDS) && (name.equals("equals") || name.equals("hashCode"));
    }

    @Override
    public void accept(ClassBuilder builder, ClassElement element) {
        if (element instanceof MethodModel method) {
            builder.transformMethod(method, MethodTransform.transformingCode((code, instruction) -> {
                if (instruction instanceof InvokeDynamicInstruction call && isWrittenOut(call)) {
                    code.invokestatic(owner, method(call), call.typeSymbol(), isInterface);
                } else {
                    code.with(instruction);
                }
            }));
        } else {
            builder.with(element);
        }
    }

    @Override
    public void atEnd(ClassBuilder builder) {
        for (Method method : methods) {
            builder.withMethodBody(method.name, method.type, PRIVATE_STATIC, method.body);
        }
    }

    /// Adds a method in place of a call site and returns its name.
    private String method(InvokeDynamicInstruction call) {
        String kind = call.name().stringValue();
        String name = "$" + kind + methods.size();
        List<ConstantDesc> arguments = call.bootstrapArgs();
        methods.add(new Method(name, call.typeSymbol(), switch (kind) {
            case "typeSwitch" -> code -> typeSwitch(code, arguments);
            case "equals" -> code -> equals(code, fields(arguments));
            default -> code -> hashCode(code, fields(arguments));
        }));
        return name;
    }

    /// `(value, from)`: -1 for null, else the index of the first type, from `from` on, of which the value is an
    /// instance, else the number of types.
    private static void typeSwitch(CodeBuilder code, List<ConstantDesc> types) {
        code.aload(0).ifThen(Opcode.IFNULL, isNull -> isNull.loadConstant(-1).ireturn());
        for (int i = 0; i < types.size(); i++) {
            int number = i;
            code.iload(1).loadConstant(i).ifThen(Opcode.IF_ICMPLE, here -> here
                    .aload(0).instanceOf((ClassDesc) types.get(number))
                    .ifThen(is -> is.loadConstant(number).ireturn()));
        }
        code.loadConstant(types.size()).ireturn();
    }

    /// The getters of a record's fields: the bootstrap arguments after the class and the names.
    private static List<DirectMethodHandleDesc> fields(List<ConstantDesc> arguments) {
        return arguments.stream().skip(2).map(DirectMethodHandleDesc.class::cast).toList();
    }

    /// `(record, other)`: whether the other is of the same class and all fields are equal.
    private void equals(CodeBuilder code, List<DirectMethodHandleDesc> fields) {
        code.aload(1).instanceOf(owner).ifThen(Opcode.IFEQ, not -> not.iconst_0().ireturn());
        code.aload(1).checkcast(owner).astore(2);
        for (DirectMethodHandleDesc field : fields) {
            ClassDesc type = field.invocationType().returnType();
            code.aload(0).getfield(owner, field.methodName(), type).aload(2).getfield(owner, field.methodName(), type);
            areEqual(code, type);
            code.ifThen(Opcode.IFEQ, not -> not.iconst_0().ireturn());
        }
        code.iconst_1().ireturn();
    }

    private static void areEqual(CodeBuilder code, ClassDesc type) {
        if (type.isPrimitive()) {
            // By `Float.compare` and the like, so NaN equals NaN.
            code.invokestatic(box(type), "compare", MethodTypeDesc.of(ConstantDescs.CD_int, type, type))
                    .ifThenElse(Opcode.IFEQ, same -> same.iconst_1(), not -> not.iconst_0());
        } else {
            code.invokestatic(OBJECTS, "equals", MethodTypeDesc.of(ConstantDescs.CD_boolean, ConstantDescs.CD_Object,
                    ConstantDescs.CD_Object));
        }
    }

    /// `(record)`: `31 · … + hash` over all fields, from 0.
    private void hashCode(CodeBuilder code, List<DirectMethodHandleDesc> fields) {
        code.iconst_0();
        for (DirectMethodHandleDesc field : fields) {
            ClassDesc type = field.invocationType().returnType();
            code.loadConstant(PRIME).imul().aload(0).getfield(owner, field.methodName(), type);
            if (type.isPrimitive()) {
                code.invokestatic(box(type), "hashCode", MethodTypeDesc.of(ConstantDescs.CD_int, type));
            } else {
                code.invokestatic(OBJECTS, "hashCode", MethodTypeDesc.of(ConstantDescs.CD_int,
                        ConstantDescs.CD_Object));
            }
            code.iadd();
        }
        code.ireturn();
    }

    private static ClassDesc box(ClassDesc type) {
        return ClassDesc.of("java.lang." + switch (TypeKind.from(type)) {
            case BOOLEAN -> "Boolean";
            case BYTE -> "Byte";
            case CHAR -> "Character";
            case SHORT -> "Short";
            case INT -> "Integer";
            case LONG -> "Long";
            case FLOAT -> "Float";
            case DOUBLE -> "Double";
            default -> throw new IllegalArgumentException("no primitive type: " + type);
        });
    }
}
