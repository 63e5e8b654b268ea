package glia.cli.terminal;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.lang.reflect.Constructor;

/// Standard error of the program.
///
/// The JVM prints a warning about its incubator module on descriptor 2, and no option turns it off. So the launcher
/// filters descriptor 2 and passes the original standard error under another number. An open descriptor is only
/// accessible by reflection (the launcher opens `java.io` for it). Opening `/dev/fd/3` gives a file a second offset:
/// the program and its caller would overwrite each other.
final class StandardError {
    /// System property set by the launcher: the descriptor; 2 without it.
    static final String DESCRIPTOR_PROPERTY = "glia.stderr";

    private StandardError() {}

    /// The stream, without buffer or encoding.
    static FileOutputStream open() {
        Integer number = Integer.getInteger(DESCRIPTOR_PROPERTY);
        return new FileOutputStream(number == null ? FileDescriptor.err : descriptor(number));
    }

    private static FileDescriptor descriptor(int number) {
        try {
            Constructor<FileDescriptor> constructor = FileDescriptor.class.getDeclaredConstructor(int.class);
            constructor.setAccessible(true);
            return constructor.newInstance(number);
        } catch (ReflectiveOperationException | RuntimeException e) {
            throw new IllegalStateException("the launcher's --add-opens=java.base/java.io is missing", e);
        }
    }
}
