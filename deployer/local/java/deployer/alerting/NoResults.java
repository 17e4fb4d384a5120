package deployer.alerting;

import java.util.AbstractList;

/** The results of inputs that failed. A script that asks for one is told so in the words, and by the frames, of Kotlin's empty list. */
final class NoResults extends AbstractList<Object> {
    private static final StackTraceElement[] FRAMES = {
        new StackTraceElement("kotlin.collections.EmptyList", "get", "Collections.kt", 37),
        new StackTraceElement("kotlin.collections.EmptyList", "get", "Collections.kt", 25),
    };

    @Override
    public Object get(int index) {
        var refusal = new IndexOutOfBoundsException("Empty list doesn't contain element at index " + index + ".");
        StackTraceElement[] trace = refusal.getStackTrace();
        StackTraceElement[] told = new StackTraceElement[trace.length - 1 + FRAMES.length];
        System.arraycopy(FRAMES, 0, told, 0, FRAMES.length);
        System.arraycopy(trace, 1, told, FRAMES.length, trace.length - 1);
        refusal.setStackTrace(told);
        throw refusal;
    }

    @Override
    public int size() {
        return 0;
    }
}
