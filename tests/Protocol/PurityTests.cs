using System.Reflection;
using Checkpointing.Protocol.Consistency;

namespace Checkpointing.Protocol.Tests;

/// <summary>The banned-symbol analyzer sees what the protocol calls, but not the types in its signatures and fields.</summary>
public sealed class PurityTests
{
    private const BindingFlags All = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    [Fact]
    public void No_signature_and_no_field_of_the_protocol_mentions_tasks_or_io()
        => Assert.Empty(ImpureMembers(typeof(CutVerification).Assembly.GetTypes()));

    [Fact]
    public void An_impure_signature_would_be_noticed()
        => Assert.Contains(nameof(Impure), Assert.Single(ImpureMembers([typeof(PurityTests)])), StringComparison.Ordinal);

    private static IEnumerable<string> ImpureMembers(IEnumerable<Type> types)
        => from type in types
           from member in type.GetMembers(All)
           from mentioned in Mentioned(member).SelectMany(WithArguments)
           where mentioned.Namespace is "System.Threading.Tasks" or "System.IO" or "System.Threading"
           select $"{type.FullName}.{member.Name} mentions {mentioned}";

    private static IEnumerable<Type> Mentioned(MemberInfo member) => member switch
    {
        MethodInfo method => method.GetParameters().Select(parameter => parameter.ParameterType).Append(method.ReturnType),
        ConstructorInfo constructor => constructor.GetParameters().Select(parameter => parameter.ParameterType),
        FieldInfo field => [field.FieldType],
        _ => [],
    };

    private static IEnumerable<Type> WithArguments(Type type)
        => type.GetGenericArguments().SelectMany(WithArguments).Append(type.HasElementType ? type.GetElementType()! : type);

    private static Task<int>? Impure() => null;
}
