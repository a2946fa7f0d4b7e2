export async function editor(){}
